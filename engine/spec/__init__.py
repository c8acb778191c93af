"""What a connector is."""
