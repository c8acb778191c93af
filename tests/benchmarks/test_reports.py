"""The committed reports say what is promised of speed; nothing is timed here."""

import json
from typing import Any

from tests.house.places import ROOT

REPORTS = ROOT / "benchmarks" / "reports"


def report(name: str) -> Any:
    return json.loads((REPORTS / name).read_text(encoding="utf-8"))


def test_the_hot_path_is_ten_times_fastapi_with_httpx_and_ahead_of_it_with_aiohttp() -> None:
    hot = report("hot.json")
    assert hot["settings"]["rounds"] >= 5
    assert all(row["errors"] == 0 for row in hot["rows"])
    at_32 = {row["against"]: row["throughput"][0] for row in hot["ratios"] if row["clients"] == 32}
    assert at_32["fastapi_httpx"] >= 10
    assert at_32["fastapi_aiohttp"] >= 1.2
    assert {"aiohttp_hand", "nginx"} <= at_32.keys()


def test_the_command_line_starts_as_quickly_as_its_libraries_let_it() -> None:
    took = report("start.json")["seconds"]
    libraries = took["the libraries alone"]["cpu"]
    assert took["tolmach --help"]["cpu"] <= libraries
    assert took["tolmach check connectors/amocrm"]["cpu"] <= 2 * libraries


def test_yaml_is_read_at_a_hundred_thousand_lines_a_second() -> None:
    assert report("document.json")["lines_per_second"] >= 100_000


def test_an_ill_neighbour_moves_nobody_else() -> None:
    found = report("neighbours.json")
    assert found["settings"]["rounds"] >= 5
    assert {name: ratio for name, ratio in found["ratios"].items() if ratio[0] > 1.1} == {}
    assert found["ratios"].keys() == {"dead", "slow", "flooding"}


def test_policies_and_credentials_cost_less_than_25_microseconds() -> None:
    added = report("price.json")["added"]
    assert added["skeleton"] == 0
    assert added["policies"] <= 25
    assert added["policies and token"] <= 25


def test_five_independent_steps_of_100_ms_answer_in_150() -> None:
    found = report("steps.json")
    took = found["milliseconds"]
    assert (found["delay_ms"], found["rounds"] >= 20) == (100, True)
    assert took["five steps at once"]["slowest"] <= 150
    assert took["five steps at once"]["median"] <= 1.1 * took["five requests by hand"]["median"]
    assert took["five steps in a row"]["median"] >= 500
