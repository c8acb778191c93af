"""What signing does to a request: constant parts, and what each attempt computes anew."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import unquote

from engine.errors import EvaluationError
from engine.language.template import Template
from engine.language.text import as_text
from engine.spec.tree import Scope
from engine.spec.trip import Rendered


class Moment(NamedTuple):
    """When an attempt is signed (aware), and a source of UUIDs."""

    now: Callable[[], datetime]
    uuid: Callable[[], str]


def secrets_of(rendered: Rendered, signed: Rendered) -> list[str]:
    """What signing put into a request and nobody may read: every longer word, as it stands and decoded."""
    added = [value for name, value in signed.headers if (name, value) not in rendered.headers]
    words = _WORD.findall(" ".join([signed.url.removeprefix(rendered.url), *added]))
    return [*words, *map(unquote, words)]


Own = Callable[[Rendered, Moment], Rendered]
"""Signs one attempt with what only the attempt has: its body, a time, a nonce."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What signing adds to every request; prepared once where only settings are asked."""

    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    segment: str = ""
    cookies: tuple[str, ...] = ()
    own: Own | None = None
    taken: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        taken = {name.lower() for name, _ in self.headers}
        object.__setattr__(self, "taken", frozenset(taken | {"cookie"} if self.cookies else taken))

    def sign(self, rendered: Rendered, moment: Moment) -> Rendered:
        """The request as it goes out; a header of the same name gives way, cookies are joined."""
        url = rendered.url
        if self.query:
            url = f"{url}{'&' if '?' in url else '?'}{self.query}"
        headers = (*[pair for pair in rendered.headers if pair[0].lower() not in self.taken], *self.headers)
        if self.cookies:
            given = (value for name, value in rendered.headers if name.lower() == "cookie")
            headers = (*headers, ("Cookie", "; ".join((*given, *self.cookies))))
        signed = Rendered(rendered.method, url, headers, rendered.body, rendered.idempotent)
        return signed if self.own is None else self.own(signed, moment)


def joined(parts: Sequence[Signature]) -> Signature:
    """All of them at once; what attempts compute anew comes last, in order."""
    owns = [part.own for part in parts if part.own is not None]

    def own(rendered: Rendered, moment: Moment) -> Rendered:
        for one in owns:
            rendered = one(rendered, moment)
        return rendered

    return Signature(
        tuple(pair for part in parts for pair in part.headers),
        "&".join(part.query for part in parts if part.query),
        "".join(part.segment for part in parts),
        tuple(cookie for part in parts for cookie in part.cookies),
        own if owns else None,
    )


def written(template: Template, scope: Scope) -> str:
    """The text of a template of the connection. Raises EvaluationError for null."""
    value = template(scope)
    if value is None:
        raise EvaluationError(f"`{template.text}` has no value")
    return as_text(value)


_WORD: Final = re.compile(r"""[^\s,;:?&="()]{16,}+(?!="?[^="\s,;&])""")
"""What is no name before a value: a token, a signature, a certificate."""
