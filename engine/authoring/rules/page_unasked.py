"""The position of a page is never sent, so that every page is the first.

Why it is bad: the second page is the first again; the engine ends such a call as `paging_loop`.

Example:

    operations:
      users:
        request: {method: GET, path: /users, query: {limit: 50}}
        paging: {type: page, size: 50}
        output: {users: {each: body, as: item.id}}

Use instead:

    operations:
      users:
        request: {method: GET, path: /users, query: {limit: 50, page: "{{ page.position }}"}}
        paging: {type: page, size: 50}
        output: {users: {each: body, as: item.id}}
"""

from collections.abc import Iterator
from typing import Final

from engine.authoring.view import Finding, View, references

SEVERITY: Final = "warning"


def check(view: View) -> Iterator[Finding]:
    """Requests with a position of which nothing is sent."""
    for sent in view.sent:
        paging = sent.action.paging
        needed = paging is not None and not paging.addressed and not paging.repeats
        if paging is not None and needed and "page" not in {one.path[0] for one in references(sent.request)}:
            remedy = 'send it where the system wants it: `query: {page: "{{ page.position }}"}`'
            yield Finding("the request never says which page it asks for", remedy, paging.place("type"))
