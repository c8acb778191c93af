"""`tolmach docs`: the page of every code."""

import pytest

from engine.authoring.pages import page_of
from engine.errors import CATALOGUE, CODES
from tests.cli.terminal import Terminal


@pytest.mark.parametrize("code", ["unknown-key", "zero-holds", "ignore-unused"])
def test_a_problem_of_a_file(tolmach: Terminal, code: str) -> None:
    page = page_of(code)
    ended = tolmach("docs", code)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{code}: {page.severity}\n\n{page.text}\n"


def test_an_error_of_a_call(tolmach: Terminal) -> None:
    ended = tolmach("docs", "rate_limited")
    assert ended.code == 0
    fault = CATALOGUE["rate_limited"]
    assert ended.out.startswith(f"rate_limited: HTTP {fault.status}\n\n{fault.title}.\n")
    assert fault.ru in ended.out
    assert fault.en in ended.out
    assert "Trying again may help" in ended.out
    assert "An error rule of a connector may name it" in ended.out
    assert "Only the engine" in tolmach("docs", "paging_loop").out


def test_every_code_is_listed(tolmach: Terminal) -> None:
    lines = tolmach("docs").out.splitlines()
    assert [line.split()[0] for line in lines] == [*CODES, *CATALOGUE]
    rows = {line.split()[0]: line.split()[1] for line in lines}
    assert rows["unknown-key"] == "error"
    assert rows["setting-unused"] == "warning"
    assert rows["zero-holds"] == "hint"
    assert rows["rate_limited"] == "call"


@pytest.mark.parametrize(("slip", "meant"), [("unknown-kye", "unknown-key"), ("ratelimited", "rate_limited")])
def test_a_slip_is_told(tolmach: Terminal, slip: str, meant: str) -> None:
    ended = tolmach("docs", slip)
    assert (ended.code, ended.out) == (2, "")
    assert f"did you mean `{meant}`?" in ended.err
    assert "`tolmach docs` lists them" in tolmach("docs", "q").err
