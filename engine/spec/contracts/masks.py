"""Masks: how much of a number, a phone and an INN is shown to who may not see them whole."""

from collections.abc import Callable
from typing import Final

HIDDEN: Final = "•"


def mask_number(text: str) -> str:
    """`•` for every letter and digit but the last four; of a short text at least half is masked. Idempotent."""
    return _masked(text, 4)


def mask_inn(text: str) -> str:
    """`•` for all but the last two. Idempotent."""
    return _masked(text, 2)


def mask_phone(text: str) -> str:
    """`+7900•••••67`: of an E.164 number at least five digits are masked, of a short one all but two. Idempotent."""
    hidden = max(5, len(text) - 7)
    head = text[: max(1, len(text) - hidden - 2)]
    return text if HIDDEN in text else f"{head}{HIDDEN * 5}{text[-2:]}"


def _masked(text: str, shown: int) -> str:
    signs = [at for at, sign in enumerate(text) if sign.isalnum() or sign in "•*"]
    hidden = set(signs[: len(signs) - min(shown, len(signs) // 2)])
    return "".join(HIDDEN if at in hidden else sign for at, sign in enumerate(text))


MASKS: Final[dict[str, Callable[[str], str]]] = {"number": mask_number, "phone": mask_phone, "inn": mask_inn}
"""By the `mask` of a contract's member."""

CONTACTS: Final = frozenset({"phone", "inn"})
"""The masks that are left off for who may see contacts."""
