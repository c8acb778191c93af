"""`--watch`: again as soon as a file changes, and only then."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.authoring.watch import PAUSE, watch


class Turns:
    """A clock whose every wait does the next thing; after the last one somebody presses Ctrl-C."""

    def __init__(self, *turns: Callable[[], object]) -> None:
        self.turns = list(turns)
        self.waited: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 12, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        if not self.turns:
            raise KeyboardInterrupt
        self.turns.pop(0)()


async def test_it_runs_again_after_a_change(tmp_path: Path) -> None:
    file, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text("1", encoding="utf-8")
    seen: list[list[str]] = []

    def files() -> list[Path]:
        return [file, *tmp_path.glob("b.*")]

    def run() -> None:
        seen.append([f"{one.name}: {one.read_text(encoding='utf-8')}" for one in files() if one.exists()])

    clock = Turns(
        lambda: None,
        lambda: file.write_text("22", encoding="utf-8"),
        lambda: None,
        lambda: other.write_text("3", encoding="utf-8"),
        file.unlink,
    )
    with pytest.raises(KeyboardInterrupt):
        await watch(files, run, clock)
    assert seen == [["a.yaml: 1"], ["a.yaml: 22"], ["a.yaml: 22", "b.yaml: 3"], ["b.yaml: 3"]]
    assert set(clock.waited) == {PAUSE}
    assert PAUSE <= 1


async def test_a_change_during_a_run_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("1", encoding="utf-8")
    runs: list[str] = []

    def run() -> None:
        runs.append(file.read_text(encoding="utf-8"))
        if len(runs) == 1:
            file.write_text("22", encoding="utf-8")

    with pytest.raises(KeyboardInterrupt):
        await watch(lambda: [file], run, Turns(lambda: None))
    assert runs == ["1", "22"]
