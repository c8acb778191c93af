"""Which names of the scope a template or an expression uses, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """A root name with the chain of plain fields after it: ("input", "phone").

    `offset` and `length` count characters inside the string; `dollar` means it was written `$input`.
    """

    path: tuple[str, ...]
    offset: int
    length: int
    dollar: bool = False
