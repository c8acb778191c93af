"""Which names an expression may see in a place (language.md), checked once when the file is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Final, Literal

from engine.errors import nearest
from engine.language.expression import Expression
from engine.language.reference import Reference
from engine.language.template import Template
from engine.spec.reading import Model, Reading, place_of

ANSWER: Final = ("body", "status", "headers", "text", "root")
RULE: Final = (*ANSWER, "cookies", "page", "count")
_OTHERS: Final = "input settings auth now call item row request output error step attempt"
RESERVED: Final = frozenset((*RULE, *_OTHERS.split()))
"""Names of the language: no step and no `let` may bear one."""

CALL_MEMBERS: Final = frozenset({"id", "request_id", "deadline"})
PAGE_MEMBERS: Final = frozenset({"position", "number", "size"})

Secrecy = Mapping[str | None, str]
"""A setting's name (None: all of them at once) → why it may not stand here."""

Place = Literal["url", "body", "elsewhere"]
"""What of an operation secrets have a rule for."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one place: each with its members where their shape is ours to know, else None."""

    at: Reading
    known: Mapping[str, frozenset[str] | None]
    secrecy: Secrecy = field(default_factory=dict)
    rules: Mapping[Place, Secrecy] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """Root names that were used anywhere: the runtime only fills in those."""

    def plus(self, /, *names: str, **shaped: Iterable[str]) -> "Names":
        """The same place with more names: some of no known shape, some with their members."""
        members = {name: frozenset(known) for name, known in shaped.items()}
        return replace(self, known={**self.known, **dict.fromkeys(names), **members})

    def with_auth(self, captured: frozenset[str] | None) -> "Names":
        """The same place with these members of `auth`, or with any."""
        return self.plus("auth") if captured is None else self.plus(auth=captured)

    def only(self, *names: str, used: set[str] | None = None) -> "Names":
        """Fewer names, with their rules; what is used is noted in `used`."""
        known = {name: self.known[name] for name in names}
        return replace(self, known=known, used=self.used if used is None else used)

    def inside(self, place: Place) -> "Names":
        """The same names, with the rule that secrets have there."""
        return replace(self, secrecy=self.rules[place])

    def check(self, part: Any) -> None:
        """Report every name that does not exist here, in whatever of a model, a node or a list of them is compiled.

        What brings names of its own, or has rules of its own for them, does so in its `link`.
        """
        if isinstance(part, Template | Expression):
            for reference in part.references:
                self._check_one(part, reference)
        elif hasattr(part, "link"):
            part.link(self)
        else:
            for _, inner in parts(part):
                self.check(inner)

    def _check_one(self, compiled: Template | Expression, reference: Reference) -> None:
        text, (root, *members) = compiled.text, reference.path[:2]
        member = members[0] if members else None
        self.used.update((root, ".".join(reference.path[:2])))
        known, length = self.known.get(root), reference.length
        if root not in self.known:
            sign = "$" if reference.dollar else ""
            remedy, length = nearest(sign + root, [sign + name for name in self.known]), len(sign + root)
            if text.strip() == root and isinstance(compiled, Expression):
                remedy += f"; the text itself is written `\"'{root}'\"`, in a tree also `{{const: {root}}}`"
            said = "unknown-name", f"there is no `{sign}{root}` here", remedy
        elif known is not None and member is not None and member not in known:
            declared = f"declare it under `{root}:`" if root in ("input", "settings") else "it has no members yet"
            remedy = nearest(member, known) if known else declared
            said = "unknown-member", f"`{root}` has no `{member}`", remedy
        elif root == "settings" and member in self.secrecy:
            message = f"`{'.'.join(reference.path[:2])}` may not stand here"
            said = "secret-misplaced", message, self.secrecy[member]
        else:
            return
        self.at.report(*said, place_of(text, reference.offset, max(length, 1)) or self.at.top)


def parts(whole: Any) -> Iterable[tuple[str, Any]]:
    """What a model, a node, a mapping or a list is made of, each with its name there; "" in a list."""
    if isinstance(whole, list | tuple):
        return [("", inner) for inner in whole]
    if isinstance(whole, dict):
        return whole.items()
    if isinstance(whole, Model):
        return whole
    return [(own.name, getattr(whole, own.name)) for own in fields(whole)] if is_dataclass(whole) else ()
