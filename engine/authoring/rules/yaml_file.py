"""The file cannot be read.

Why it is bad: nothing of it can be checked, and a service that names it does not start.

Example:

    tolmach check connectors/crm/conector.yaml

Use instead: the path of a file that is there and that you may read.
"""
