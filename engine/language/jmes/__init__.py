"""JMESPath compiled to Python: parser → rules → source → closure."""
