"""The retry budget: repeats are a small share of what is asked, whatever fails."""

from typing import Final

from engine.transport.window import Window


class Budget:
    """Repeats of the last ten seconds: at most a fifth of the calls, or one a second where calls are few."""

    def __init__(self) -> None:
        self._window = Window(_SPAN)

    def called(self, now: float) -> None:
        """One more call, whatever becomes of it."""
        self._window.add(now, 1, 0)

    def grants(self, now: float) -> bool:
        """Whether one more repeat may be made; then it is counted."""
        calls, repeats = self._window.counts(now)
        if repeats + 1 > max(_SHARE * calls, _FLOOR):
            return False
        self._window.add(now, 0, 1)
        return True


_SPAN: Final = 10.0
_SHARE: Final = 0.2
_FLOOR: Final = 10
