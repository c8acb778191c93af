"""Values to bytes and back, each place of a request with its own rule of escaping."""
