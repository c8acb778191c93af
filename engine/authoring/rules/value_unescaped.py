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

from engine.authoring.view import Finding, View, bare, parts
from engine.language.template import Template

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Values in a body of text with a syntax, and in quotes or lists of a header that also holds other text."""
    for sent in view.sent:
        body = [sent.request.text] if sent.request.text is not None else []
        headers = [one for one in parts(sent.request.headers) if isinstance(one, Template)]
        for text, syntax in (*((one, r"[<>{}\[\]\"'|]") for one in body), *((one, r"[\";,]") for one in headers)):
            mixed = not text.constant and not text.lone and not text.literal
            for value in bare(text, sent.operation.input) if mixed else ():
                if value.path[:1] != ("settings",) and re.search(syntax, value.before[-80:] + value.after[:80]):
                    remedy = (
                        "write a tree (`json:`, `xml:`), or end it in `to_json`, `url`, `base64` or a literal filter"
                    )
                    place = view.at(text.text, value.offset)
                    yield Finding("a bare value stands in text that has a syntax", remedy, place)
