"""Every draft loads as it stands."""

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.spec.connector import load_connector
from tests.drafts.played import NAMES, text_of


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
    assert problems(tmp_path, draft, text_of(draft)) == []
