"""The fake: a stand-in of an upstream, made of the cases beside its connector."""
