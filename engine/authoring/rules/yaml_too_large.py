"""The file is larger than 1 MiB.

Why it is bad: a file is read whole, and nobody can review one of that length.

Example: a connector into which a list of 20,000 branches was pasted.

Use instead: ask the system for the list, or make two connectors of one.
"""
