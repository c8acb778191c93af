"""The OpenAPI description that the connector names cannot be read.

It is YAML or JSON of at most 1 MiB, of OpenAPI 3.0 or 3.1; only its local references are followed.

Why it is bad: nothing is held against it.

Example:

    openapi: openapi.yaml
    operations: {user: {request: {method: GET, path: /user}, output: {id: body.id}}}
    # openapi.yaml
    swagger: "2.0"
    paths: {/user: {get: {responses: {"200": {content: {application/json: {schema: {properties: {id: {}}}}}}}}}}

Use instead:

    openapi: openapi.yaml
    operations: {user: {request: {method: GET, path: /user}, output: {id: body.id}}}
    # openapi.yaml
    openapi: 3.1.0
    paths: {/user: {get: {responses: {"200": {content: {application/json: {schema: {properties: {id: {}}}}}}}}}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.flow.told import told
from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """A description that is none."""
    return told(view, "openapi-unreadable")
