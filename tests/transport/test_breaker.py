"""The breaker: when it opens, for how long, and what its one probe may say."""

import pytest

from engine.spec.policy import Breaker as Policy
from engine.transport.breaker import Breaker
from tests.transport.test_gate import TurnedClock

POLICY = Policy.model_construct()


def closed() -> tuple[Breaker, TurnedClock]:
    clock = TurnedClock()
    return Breaker(POLICY, clock), clock


def opened() -> tuple[Breaker, TurnedClock]:
    breaker, clock = closed()
    assert [breaker.note(True, False) for _ in range(5)] == [False] * 4 + [True]
    return breaker, clock


def test_it_opens_after_five_failures_in_a_row() -> None:
    breaker, clock = opened()
    assert breaker.open
    assert breaker.shut_for() == 30
    clock.seconds += 29.5
    assert breaker.shut_for() == 1  # never less than is worth coming back for
    clock.seconds += 0.5
    assert breaker.shut_for() == 0


def test_a_success_begins_the_row_again() -> None:
    breaker, _ = closed()
    assert not any(breaker.note(failed, False) for failed in [True] * 4 + [False] + [True] * 4)
    assert not breaker.open
    assert breaker.shut_for() == 0
    assert breaker.note(True, False)


def test_it_opens_when_half_of_twenty_failed() -> None:
    breaker, _ = closed()
    assert not any(breaker.note(failed, False) for failed in [False, True] * 9 + [False])
    assert breaker.note(True, False)


def test_less_than_half_does_not_open_it() -> None:
    breaker, _ = closed()
    assert not any(breaker.note(failed, False) for failed in [False, True] * 9 + [False, False, True] * 20)


def test_half_counts_for_half_a_minute_only() -> None:
    breaker, clock = closed()
    for turn in range(200):
        clock.seconds += 3
        assert not breaker.note(turn % 2 == 0, False)  # ten or eleven in half a minute


def test_what_proves_nothing_counts_neither_way() -> None:
    breaker, _ = closed()
    for failed in (True, None, True, None, True, None, True, None):
        assert not breaker.note(failed, False)
    assert breaker.note(True, False)


def test_one_probe_goes_and_a_good_answer_closes_it() -> None:
    breaker, clock = opened()
    clock.seconds += 30
    assert breaker.shut_for() == 0
    assert [breaker.shut_for() for _ in range(3)] == [1, 1, 1]
    assert not breaker.note(False, True)
    assert not breaker.open
    assert [breaker.shut_for() for _ in range(3)] == [0, 0, 0]


def test_after_it_closed_everything_is_counted_anew() -> None:
    breaker, clock = opened()
    clock.seconds += 30
    breaker.shut_for()
    breaker.note(False, True)
    assert [breaker.note(True, False) for _ in range(5)] == [False] * 4 + [True]
    assert breaker.shut_for() == 30


def test_what_was_counted_before_it_opened_is_forgotten() -> None:
    clock = TurnedClock()
    breaker = Breaker(Policy.model_construct(open=1.0), clock)
    assert [breaker.note(failed, False) for failed in [False, True] * 10][-1]
    clock.seconds += 1
    breaker.shut_for()
    breaker.note(False, True)
    assert not any(breaker.note(failed, False) for failed in [True, False] * 9)


def test_each_failed_probe_opens_it_for_longer_to_five_minutes() -> None:
    breaker, clock = opened()
    for times in range(2, 15):
        clock.seconds += 300
        assert breaker.shut_for() == 0
        assert breaker.note(True, True)
        assert breaker.shut_for() == min(30 * times, 300)


def test_a_policy_of_its_own() -> None:
    clock = TurnedClock()
    breaker = Breaker(Policy.model_construct(failures=2, open=600.0), clock)
    assert [breaker.note(True, False) for _ in range(2)] == [False, True]
    assert breaker.shut_for() == 600


@pytest.mark.parametrize("ended", [True, False, None])
def test_what_was_under_way_when_it_opened_says_nothing(ended: bool | None) -> None:
    breaker, clock = opened()
    assert not breaker.note(ended, False)
    assert breaker.open
    assert breaker.shut_for() == 30
    clock.seconds += 30
    assert breaker.shut_for() == 0
    assert not breaker.note(ended, False)  # the probe is under way
    assert breaker.open
    assert breaker.shut_for() == 1
    assert not breaker.note(False, True)
    assert not breaker.open


def test_a_probe_that_proves_nothing_is_followed_by_another() -> None:
    breaker, clock = opened()
    clock.seconds += 30
    assert breaker.shut_for() == 0
    assert not breaker.note(None, True)
    assert breaker.open
    assert breaker.shut_for() == 0
    assert breaker.shut_for() == 1
