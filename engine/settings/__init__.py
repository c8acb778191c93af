"""What the environment says: variables, the clock, chance."""
