"""How a request is signed: each kind of auth is a model that prepares its own signature."""
