"""Which names an expression may see in a place (language.md), checked once when the file is read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.errors import nearest
from engine.language.expression import Expression
from engine.language.reference import Reference
from engine.language.template import Template
from engine.spec.reading import Reading, place_of

RESERVED: Final = frozenset(
    (
        *("input", "settings", "auth", "now", "call", "page", "item", "body", "status", "headers", "text", "root"),
        *("row", "cookies", "count", "request", "output", "error", "step", "attempt"),
    )
)
"""Names of the language: no step and no `let` may bear one."""

ANSWER: Final = ("body", "status", "headers", "text", "root")
RULE: Final = (*ANSWER, "cookies", "page", "count")
CALL_MEMBERS: Final = frozenset({"id", "request_id", "deadline"})

Secrecy = Callable[[str], str | None]
"""A setting's name → why it may not stand here, or None."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one place: each with its members where their shape is ours to know, else None."""

    at: Reading
    known: Mapping[str, frozenset[str] | None]
    secrecy: Secrecy | None = None
    used: set[str] = field(default_factory=set)
    """Root names that were used anywhere: the runtime only fills in those."""

    def plus(self, names: Iterable[str]) -> "Names":
        """The same place with more names, whose shapes are not known."""
        return Names(self.at, {**self.known, **dict.fromkeys(names)}, self.secrecy, self.used)

    def shaped(self, name: str, members: Iterable[str]) -> "Names":
        """The same place with one more name of a known shape."""
        return Names(self.at, {**self.known, name: frozenset(members)}, self.secrecy, self.used)

    def keeping(self, secrecy: Secrecy | None) -> "Names":
        """The same place with another rule for secrets."""
        return Names(self.at, self.known, secrecy, self.used)

    def check(self, compiled: Template | Expression) -> None:
        """Report every name of a compiled string that does not exist here."""
        for reference in compiled.references:
            self._check_one(compiled, reference)

    def _check_one(self, compiled: Template | Expression, reference: Reference) -> None:
        root = reference.path[0]
        self.used.update((root, ".".join(reference.path[:2])))
        if root not in self.known:
            sign = "$" if reference.dollar else ""
            remedy = nearest(sign + root, [sign + name for name in self.known])
            message, length = f"there is no `{sign}{root}` here", len(sign + root)
            self._report("unknown-name", message, remedy, compiled.text, reference.offset, length)
            return
        members = self.known[root]
        if members is not None and len(reference.path) > 1 and reference.path[1] not in members:
            self._unknown_member(compiled, reference, members)
        elif root == "settings" and self.secrecy is not None:
            self._check_secret(compiled, reference, self.secrecy)

    def _unknown_member(self, compiled: Template | Expression, reference: Reference, members: frozenset[str]) -> None:
        root, member = reference.path[:2]
        remedy = nearest(member, members) if members else f"declare it under `{root}:`"
        message = f"`{root}` has no `{member}`"
        self._report("unknown-member", message, remedy, compiled.text, reference.offset, reference.length)

    def _check_secret(self, compiled: Template | Expression, reference: Reference, secrecy: Secrecy) -> None:
        why = secrecy(reference.path[1] if len(reference.path) > 1 else "")
        if why is not None:
            found = ".".join(reference.path[:2])
            self._report(
                "secret-misplaced",
                f"`{found}` may not stand here",
                why,
                compiled.text,
                reference.offset,
                reference.length,
            )

    def _report(self, code: str, message: str, remedy: str, text: str, offset: int, length: int) -> None:
        self.at.report(code, message, remedy, place_of(text, offset, max(length, 1)) or self.at.top)
