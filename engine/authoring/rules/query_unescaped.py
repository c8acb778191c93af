"""A bare value stands in the text of a query language.

Literal filters (`soql`, `sosl`, `odata`, `like`, `jql`) write the whole literal with its quotes.

Why it is bad: a client named `x' OR Name != '` would be given everybody's data.

Example:

    operations:
      find:
        input: {name: string}
        request: {method: GET, path: /query, query: {q: "SELECT Id FROM Contact WHERE Name = '{{ input.name }}'"}}

Use instead:

    operations:
      find:
        input: {name: string}
        request: {method: GET, path: /query, query: {q: "SELECT Id FROM Contact WHERE Name = {{ input.name | soql }}"}}
"""

import re
from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View, bare

SEVERITY: Final = "warning"

_COMPARED: Final = re.compile(
    r"[\w\])}'\"]\s+(?:==?|!=|<>|<=?|>=?|!?~|eq|ne|gt|ge|lt|le|like|in|not in)\s*[(\[]?\s*['\"%]*$|"
    r"\w\s*(?:=|,|\()\s*\\?['\"]%?$",
    re.IGNORECASE,
)


def check(view: View) -> Iterator[Finding]:
    """Values that stand where a query language compares; headers and text have `value-unescaped`."""
    for sent in view.sent:
        asked = [value for key, value in sent.request if key not in ("headers", "text")]
        for one in bare(asked, sent.operation.input):
            if _COMPARED.search(one.before):
                remedy = "end it in the filter of the language (`soql`, `odata`, `jql` …), without quotes around"
                place = view.at(one.template.text, one.offset)
                yield Finding("a bare value stands in the text of a query", remedy, place)
