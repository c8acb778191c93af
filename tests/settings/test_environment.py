"""The variables TOLMACH_…: read, refused by name, and never repeated."""

import os
import re
from pathlib import Path

import pytest

from engine.settings.environment import PREFIX, Environment, VariableError, load_environment, misspelt


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_without_variables_it_listens_on_this_machine_only() -> None:
    found = load_environment()
    assert (found.host, found.port, found.log_level, found.log_format) == ("127.0.0.1", 8080, "info", "json")


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLMACH_PORT", "0")
    monkeypatch.setenv("TOLMACH_DOCS", "false")
    monkeypatch.setenv("TOLMACH_RECEIVE_TIMEOUT", "2.5")
    monkeypatch.setenv("TOLMACH_METRICS_KEY", "k")
    found = load_environment()
    assert (found.port, found.docs, found.receive_timeout) == (0, False, 2.5)
    assert found.metrics_key is not None
    assert found.metrics_key.get_secret_value() == "k"
    assert "'k'" not in repr(found)


def test_the_store_and_its_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (load_environment().store, load_environment().seal_keys()) == ("tolmach.db", "")
    monkeypatch.setenv("TOLMACH_STORE", "postgresql://tolmach:canary@db/tolmach")
    monkeypatch.setenv("TOLMACH_STORE_KEYS", "canary-1,canary-2")
    found = load_environment()
    assert (found.store, found.seal_keys()) == ("postgresql://tolmach:canary@db/tolmach", "canary-1,canary-2")
    assert "canary" not in repr(found)
    (tmp_path / "keys").write_text("canary-3\n", encoding="utf-8")
    monkeypatch.setenv("TOLMACH_STORE_KEYS_FILE", str(tmp_path / "keys"))
    assert load_environment().seal_keys() == "canary-3\n"


@pytest.mark.parametrize("data", [None, b"\xffcanary"])
def test_a_file_of_keys_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: bytes | None
) -> None:
    if data is not None:
        (tmp_path / "keys").write_bytes(data)
    monkeypatch.setenv("TOLMACH_STORE_KEYS_FILE", str(tmp_path / "keys"))
    with pytest.raises(VariableError, match=r"TOLMACH_STORE_KEYS_FILE: .* cannot be read") as refused:
        load_environment().seal_keys()
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_what_is_given_by_hand_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLMACH_PORT", "1234")
    assert load_environment(port=4321, host=None).port == 4321
    with pytest.raises(VariableError, match="TOLMACH_PORT"):
        load_environment(port=99_999)


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLMACH_PORT", "")
    assert load_environment().port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "tcp://10.0.0.1:8080"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("LOG_LEVEL", "hunter2"),
        ("LOG_FORMAT", "xml"),
        ("MAX_BODY", "10"),
        ("MAX_BODY", "1MB"),
        ("GRACE", "nan"),
        ("GRACE", "0"),
        ("RECEIVE_TIMEOUT", "inf"),
        ("RECEIVE_TIMEOUT", "1e9"),
        ("DOCS", "hunter2"),
        ("KEY_RATE", "1.5"),
        ("KEEP_ALIVE", "0"),
    ],
)
def test_a_wrong_variable_is_one_line_with_its_name_and_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TOLMACH_{name}", value)
    with pytest.raises(VariableError) as refused:
        load_environment()
    text = str(refused.value)
    assert f"TOLMACH_{name}" in text
    assert "\n" not in text
    if value in ("hunter2", "tcp://10.0.0.1:8080", "70000", "1MB"):
        assert value not in text
    assert refused.value.__cause__ is None


def test_several_wrong_variables_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLMACH_PORT", "x")
    monkeypatch.setenv("TOLMACH_GRACE", "x")
    with pytest.raises(VariableError, match=r"TOLMACH_PORT.*; .*TOLMACH_GRACE"):
        load_environment()


def test_a_variable_that_is_nearly_ours_is_noticed() -> None:
    found = misspelt(["TOLMACH_PROT", "TOLMACH_LOGLEVEL", "TOLMACH_PORT", "TOLMACH_CRM_TOKEN", "PORT"])
    assert found == {"TOLMACH_PROT": "TOLMACH_PORT", "TOLMACH_LOGLEVEL": "TOLMACH_LOG_LEVEL"}


def test_every_variable_says_what_it_is_for() -> None:
    plain = {"log_level", "log_format"}
    assert {name for name, field in Environment.model_fields.items() if not field.description} == plain


def test_the_page_lists_every_variable_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `TOLMACH_([A-Z_]+)` \| (\S+) \|", page, re.MULTILINE))
    defaults = {name.upper(): field.default for name, field in Environment.model_fields.items()}
    shown = {
        name: "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in defaults.items()
    }
    assert rows == {name: value.lower() if value in ("True", "False") else value for name, value in shown.items()}


def test_no_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("TOLMACH_PORT=1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_environment().port == 8080
