"""The breaker: a system that keeps failing is left alone for a while, then tried by one request."""

from typing import Final

from engine.settings.clock import Clock
from engine.spec.policy import Breaker as Policy
from engine.transport.window import Window


class Breaker:
    """Opens after so many failures in a row, or when half of four times as many requests failed within 30 s."""

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._window = Window(_SPAN)
        self._row = 0
        self._times = 0
        self._until = 0.0
        self._probing = False

    @property
    def open(self) -> bool:
        """Whether it was not closed again since it opened."""
        return self._times > 0

    def shut_for(self) -> float:
        """Seconds before the next request may go, 0 if one may go now; the one after an opening is a probe."""
        if not self._times:
            return 0.0
        left = self._until - self._clock.monotonic()
        if left <= 0 and not self._probing:
            self._probing = True
            return 0.0
        return max(left, _MOMENT)

    def note(self, failed: bool | None, probe: bool) -> bool:
        """How a request, or the probe, ended (None: nothing can be concluded). Whether this opened it."""
        if probe:
            self._probing = False
        if failed is None or (self._times and not probe):
            return False  # also what was under way when the breaker opened proves nothing new
        now = self._clock.monotonic()
        if probe and failed:
            return self._open(now)
        if probe:
            self._times = 0
            self._window.clear()
        self._window.add(now, 1, int(failed))
        self._row = self._row + 1 if failed else 0
        return failed and self._due(now) and self._open(now)

    def _due(self, now: float) -> bool:
        if self._row >= self._policy.failures:
            return True
        whole, failed = self._window.counts(now)
        return whole >= _ENOUGH * self._policy.failures and failed * 2 >= whole

    def _open(self, now: float) -> bool:
        self._times += 1
        self._until = now + min(self._policy.open * self._times, max(_LONGEST, self._policy.open))
        return True


_SPAN: Final = 30.0
_ENOUGH: Final = 4
_LONGEST: Final = 300.0
_MOMENT: Final = 1.0
"""What a caller is told to wait while the probe is under way."""
