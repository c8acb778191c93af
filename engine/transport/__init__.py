"""The way out: an onion of layers over one wire."""
