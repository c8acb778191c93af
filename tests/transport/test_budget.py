"""The retry budget and the counting under it."""

import pytest

from engine.transport.budget import Budget
from engine.transport.window import Window


def granted(budget: Budget, now: float, asked: int = 1000) -> int:
    return sum(budget.grants(now) for _ in range(asked))


def test_where_calls_are_few_one_repeat_a_second_is_granted() -> None:
    assert granted(Budget(), 1000) == 10


@pytest.mark.parametrize(("calls", "repeats"), [(1, 10), (50, 10), (55, 11), (1000, 200)])
def test_repeats_are_a_fifth_of_the_calls(calls: int, repeats: int) -> None:
    budget = Budget()
    for _ in range(calls):
        budget.called(1000)
    assert granted(budget, 1001) == repeats
    assert granted(budget, 1006) == 0


def test_it_is_counted_over_ten_seconds() -> None:
    budget = Budget()
    for _ in range(1000):
        budget.called(1000)
    assert granted(budget, 1009) == 200
    assert granted(budget, 1010) == 0
    assert granted(budget, 1015) == 10


def test_a_window_holds_its_half_and_the_one_before() -> None:
    window = Window(10)
    window.add(1001, 3, 1)
    window.add(1006, 2, 2)
    assert window.counts(1009.9) == (5, 3)
    assert window.counts(1010) == (2, 2)
    window.add(1011, 1, 0)
    assert window.counts(1014) == (3, 2)
    assert window.counts(1025) == (0, 0)


def test_a_window_forgets_when_told() -> None:
    window = Window(10)
    window.add(1001, 3, 1)
    window.clear()
    assert window.counts(1001) == (0, 0)
