"""What a flow was told and may not tell whole: wherever it stands in what the flow answers, it is masked."""

from typing import Any, Final


class Veil:
    """Remembers what masks changed in the answers of one call."""

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
        if isinstance(value, dict):
            return {name: self.over(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.over(one) for one in value]
        if isinstance(value, str):
            whole = self._masked.get(value)
            if whole is not None:
                return whole
            for part in sorted((one for one in self._masked if len(one) > _SHORT), key=len, reverse=True):
                value = value.replace(part, self._masked[part])
        return value


_SHORT: Final = 5
"""Characters that stand in other texts by chance."""
