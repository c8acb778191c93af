"""What one call did: what was sent and came back, which line gave each field, and for a null what was missing."""
