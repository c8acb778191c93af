"""A setting is declared and used nowhere.

Why it is bad: whoever deploys the connector fills it in, and wonders why it has no effect.

Example:

    settings: {region: string}

Use instead:

    settings: {region: string}
    connection: {base_url: "https://crm.example", headers: {X-Region: "{{ settings.region }}"}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Settings that no string names; one that takes `settings` as a whole uses all."""
    paths = {one.path[:2] for string in view.strings for one in string.references if one.path[0] == "settings"}
    for name in view.connector.settings if ("settings",) not in paths else ():
        if ("settings", name) not in paths:
            yield Finding(f"nothing uses `settings.{name}`", "take it out, or use it", view.key("settings", name))
