"""The template language: jinja2 reads it, an allow-list judges it, closures run it."""
