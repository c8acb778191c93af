"""A bare value stands in text that has a syntax of its own.

Principle 3 of the language: trees, not text. A tree is encoded, text is not.

Why it is bad: a quote or an angle bracket in what a client wrote ends the field and begins another one.

Example:

    operations: {a: {input: {name: string}, request: {method: POST, path: /a, text: '<name>{{ input.name }}</name>'}}}

Use instead:

    operations: {a: {input: {name: string}, request: {method: POST, path: /a, xml: {name: "{{ input.name }}"}}}}
"""

import re
from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View, bare

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Values in a body of text with a syntax, and in quotes or lists of a header that also holds other text."""
    for sent in view.sent:
        for place, syntax in ((sent.request.text, r"[<>{}\[\]\"'|]"), (sent.request.headers, r"[\";,]")):
            for one in bare(place, sent.operation.input):
                if one.path[:1] != ("settings",) and re.search(syntax, one.before + one.after):
                    remedy = "write a tree (`json:`, `xml:`), or end it in `to_json`, `url` or a literal filter"
                    found = view.at(one.template.text, one.offset)
                    yield Finding("a bare value stands in text that has a syntax", remedy, found)
