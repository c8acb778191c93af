"""What a connector does."""
