"""A setting without a pattern stands in the host of `base_url`.

Why it is bad: a slash or an `@` in the setting moves the host, and the credentials go where it points.

Example:

    settings: {account: string}
    connection: {base_url: "https://{{ settings.account }}.crm.example"}

Use instead:

    settings: {account: {type: string, pattern: "^[a-z0-9-]+$"}}
    connection: {base_url: "https://{{ settings.account }}.crm.example"}
"""

import re
from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Settings of type string in the host, which nothing bounds."""
    base = view.connector.connection.base_url
    host = re.match(r"\s*[a-z]+://(?:[^/{]|\{\{.*?\}\})*", base.text)
    for one in base.references if host is not None else ():
        name = one.path[1] if one.path[0] == "settings" and len(one.path) > 1 else ""
        declared = view.connector.settings.get(name)
        free = declared is not None and declared.type == "string" and not (declared.pattern or declared.enum)
        if host is not None and one.offset < host.end() and free:
            remedy = f'add a pattern to `{name}`: `pattern: "^[a-z0-9.-]+$"`'
            place = view.at(base.text, one.offset, one.length)
            yield Finding(f"`{name}` may hold anything, also another host", remedy, place)
