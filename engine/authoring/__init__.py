"""For those who write connectors: checking a file, the schema of an editor, the cases of a connector."""
