"""Only an empty page ends the paging.

Why it is bad: each call costs one request more, and a system that repeats its last page ends in `paging_loop`.

Example:

    operations:
      users:
        request: {method: GET, path: /users, query: {page: "{{ page.position }}"}}
        paging: {type: page}
        output: {users: {each: body, as: item.id}}

Use instead:

    operations:
      users:
        request: {method: GET, path: /users, query: {page: "{{ page.position }}", per_page: 50}}
        paging: {type: page, size: 50}
        output: {users: {each: body, as: item.id}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View
from engine.spec.paging import Numbered

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Pages by number or offset without `size`, `total` or `stop_when`."""
    for paging in view.of(Numbered):
        if paging.size is None and paging.total is None and paging.stop_when is None:
            remedy = "add `size:`, `total:` or `stop_when:`"
            yield Finding("only a page without rows ends this", remedy, paging.place("type"))
