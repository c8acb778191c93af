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

from engine.authoring.view import Finding, View, bare, parts
from engine.language.template import Template

SEVERITY: Final = "warning"

_COMPARED = re.compile(
    r"[\w\])}'\"]\s+(?:==?|!=|<>|<=?|>=?|!?~|eq|ne|gt|ge|lt|le|like|in|not in)\s*[(\[]?\s*['\"%]*$|"
    r"\w\s*(?:=|,|\()\s*\\?['\"]%?$",
    re.IGNORECASE,
)


def check(view: View) -> Iterator[Finding]:
    """Values of templates that stand where a query language compares."""
    for sent in view.sent:
        elsewhere = {
            id(one) for one in parts([sent.request.headers, sent.request.text])
        }  # `value-unescaped` sees these
        for one in parts(sent.request):
            mixed = (
                isinstance(one, Template)
                and id(one) not in elsewhere
                and not one.constant
                and not one.lone
                and not one.literal
            )
            for value in bare(one, sent.operation.input) if mixed else ():
                if _COMPARED.search(value.before):
                    remedy = "end it in the filter of the language (`soql`, `odata`, `jql` …), without quotes around"
                    yield Finding("a bare value stands in the text of a query", remedy, view.at(one.text, value.offset))
