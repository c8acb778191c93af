"""Templates, expressions, functions and codecs."""
