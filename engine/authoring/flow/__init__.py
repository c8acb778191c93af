"""Flow: every expression followed through the answers of the cases into the contract, without a network."""
