"""Counting over the last seconds."""


class Window:
    """How many of how many in the last `span` seconds, to within half of it: the half now and the one before."""

    __slots__ = ("_half", "_marked", "_marked_before", "_turn", "_whole", "_whole_before")

    def __init__(self, span: float) -> None:
        self._half = span / 2
        self.clear()

    def add(self, now: float, whole: int, marked: int) -> None:
        """Count `whole` things, of which `marked` are of the kind that is watched."""
        if (turn := now // self._half) != self._turn:
            self._move(turn)
        self._whole += whole
        self._marked += marked

    def counts(self, now: float) -> tuple[int, int]:
        """All, and the marked ones."""
        if (turn := now // self._half) != self._turn:
            self._move(turn)
        return self._whole + self._whole_before, self._marked + self._marked_before

    def clear(self) -> None:
        """Forget everything."""
        self._turn = -1.0
        self._whole = self._marked = self._whole_before = self._marked_before = 0

    def _move(self, turn: float) -> None:
        kept = turn == self._turn + 1
        self._whole_before, self._marked_before = (self._whole, self._marked) if kept else (0, 0)
        self._whole = self._marked = 0
        self._turn = turn
