"""What a flow was told and may not tell whole: wherever it stands in what the flow answers, it is masked."""

import re
from typing import Any, Final

from engine.spec.contracts.masks import mask_inn


class Veil:
    """Remembers what masks changed in the answers of one call.

    A number is known again however it is written: with other signs between its digits, as an integer, without the
    code of its country. What was hashed, encoded or cut is not.
    """

    def __init__(self) -> None:
        self._masked: dict[str, str] = {}

    def learn(self, whole: Any, masked: Any) -> None:
        """Note every text of an answer that stands otherwise in its masked form."""
        if isinstance(whole, dict):
            for name, value in whole.items():
                self.learn(value, masked[name])
        elif isinstance(whole, list):
            for one, other in zip(whole, masked, strict=True):
                self.learn(one, other)
        elif isinstance(whole, str) and whole != masked:
            self._masked[whole] = masked

    def over(self, value: Any) -> Any:
        """The value with everything masked that is known."""
        written = sorted((one for one in self._masked if len(one) > _SHORT), key=len, reverse=True)
        patterns = [re.escape(one) for one in written] + [told for one in written if (told := _digits_of(one))]
        return self._over(value, re.compile("|".join(patterns)) if patterns else None) if self._masked else value

    def _over(self, value: Any, known: re.Pattern[str] | None) -> Any:
        if isinstance(value, dict):
            return {self._over(name, known): self._over(one, known) for name, one in value.items()}
        if isinstance(value, list):
            return [self._over(one, known) for one in value]
        if value is None or isinstance(value, bool):
            return value
        if value in self._masked:
            return self._masked[value]
        text = str(value)
        shown = known.sub(self._shown, text) if known else text
        return value if shown == text else shown

    def _shown(self, found: re.Match[str]) -> str:
        return self._masked.get(found[0]) or mask_inn(found[0])


def _digits_of(text: str) -> str:
    """A pattern for the last digits of a number, at most ten, with whatever stands between them; "" for few digits."""
    digits = re.sub(r"[^0-9]", "", text)[-_NATIONAL:].lstrip("0")
    return r"[\s().+-]{0,3}".join(digits) if len(digits) > _SHORT else ""


_SHORT: Final = 5
"""Characters that stand in other texts by chance."""
_NATIONAL: Final = 10
"""Digits of a phone without the code of its country, where the engine began."""
