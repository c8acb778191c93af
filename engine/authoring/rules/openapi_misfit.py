"""A request or a path is not what the OpenAPI description has.

Of requests: the method and path, names in the query, members that the body must have. Of answers: paths of outputs
that no case of tests.yaml shows.

Why it is bad: the system refuses the request, or the path yields nothing.

Example:

    openapi: openapi.yaml
    operations: {user: {request: {method: GET, path: /user}, output: {id: body.key}}}
    # openapi.yaml
    openapi: 3.1.0
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
    """What the description does not know."""
    return told(view, "openapi-misfit")
