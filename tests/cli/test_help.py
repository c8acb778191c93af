"""Help: every verb explains itself and ends in two examples that run as they stand; and the exit codes."""

import shlex
from pathlib import Path

import pytest

from engine.cli.main import VERBS, app
from tests.cli.terminal import ROOT, Ended, Terminal, started
from tests.runtime.bench import lay

COMMANDS = ("", *(verb.name for verb in VERBS), "key", "key new", "key seal", "key list", "key revoke")
GOOD = "operations:\n  op: {request: {method: GET, path: /x}, output: body}\n"


def ended(folder: Path, *words: str) -> Ended:
    with started(words, folder) as process:
        out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out, err)


def test_every_verb_is_here(tolmach: Terminal) -> None:
    assert {verb.name for verb in VERBS} == {"check", "call", "explain", "serve", "verify", "schema"}
    shown = tolmach("--help").out
    assert all(f"│ {name} " in shown for name in ("check", "call", "serve", "verify", "schema", "key"))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_in_two_examples_that_are_right(tolmach: Terminal, command: str) -> None:
    found = tolmach(*command.split(), "--help")
    assert (found.code, found.err) == (0, "")
    usage, _, rest = found.out.partition("Examples:")
    examples = [line.strip() for line in rest.splitlines() if line.strip()]
    assert usage.startswith(f"Usage: tolmach {command}".rstrip())
    assert len(examples) == 2
    for example in examples:
        words = shlex.split(example.partition(" > ")[0])
        assert words[0] == "tolmach"
        assert example.startswith(f"tolmach {command}".rstrip())
        _, bound, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
        assert bound.arguments or command in ("", "serve", "verify", "schema", "key", "key seal", "key list")


@pytest.mark.parametrize("verb", ["check", "call", "key new", "key list"])
def test_what_gives_a_result_gives_it_as_json_too(tolmach: Terminal, verb: str) -> None:
    assert "[choices: text, json]" in tolmach(*verb.split(), "--help").out


def test_an_exit_code_tells_how_it_ended(tmp_path: Path) -> None:
    """0, 1 and 2 of a real process; 3 and 4 are proven where they come from (test_call, test_serve)."""
    lay(tmp_path, GOOD, "https://crm.example")
    assert (ended(tmp_path, "check").code, ended(tmp_path, "check").out) == (0, "")
    lay(tmp_path, GOOD.replace("body", "boddy"), "https://crm.example")
    found = ended(tmp_path, "check")
    assert (found.code, "error[unknown-name]" in found.out) == (1, True)
    for words in (["chekc"], ["check", "nowhere"], ["check", "--outptu", "json"], ["schema", "x"], ["key", "nwe"]):
        mistake = ended(tmp_path, *words)
        assert (mistake.code, mistake.out) == (2, ""), words
        assert mistake.err


def test_a_reader_that_goes_away_is_no_crash(tmp_path: Path) -> None:
    with started(["check", str(ROOT / "connectors"), "--output", "json"], tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, "")
