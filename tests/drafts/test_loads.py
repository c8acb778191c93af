"""Every draft loads; what is not built yet is refused by its name, and nothing else is."""

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.spec.connector import load_connector
from tests.drafts.played import COMING, NAMES, text_of, without


def problems(folder: Path, draft: str, text: str) -> list[tuple[str, str]]:
    """Code and message of all that `check` says."""
    file = folder / draft / "connector.yaml"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    try:
        load_connector(file)
    except ConfigError as error:
        return [(problem.code, problem.message) for problem in error.diagnostics]
    return []


def test_there_are_eleven() -> None:
    assert len(NAMES) == 11


@pytest.mark.parametrize("draft", NAMES)
def test_a_draft_loads(tmp_path: Path, draft: str) -> None:
    assert problems(tmp_path, draft, without(text_of(draft))) == []


@pytest.mark.parametrize("draft", NAMES)
def test_what_comes_later_is_refused_by_name(tmp_path: Path, draft: str) -> None:
    text = text_of(draft)
    named = [key for key in COMING if without(text, (key,)) != text]
    found = problems(tmp_path, draft, text)
    assert sorted(found) == sorted(("not-yet", f"`{key}`: comes with a later version") for key in named)


def test_some_drafts_hold_what_comes_later() -> None:
    holding = {draft for draft in NAMES if without(text_of(draft)) != text_of(draft)}
    assert holding == {"iqchannels", "soap_core"}
