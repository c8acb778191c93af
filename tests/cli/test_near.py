"""A target that does not exist: the nearest one is named, as `check` does it."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.house.places import ROOT


@pytest.mark.parametrize(
    ("target", "remedy"),
    [
        ("crm.find_contacts", "did you mean `crm.find_contact`?"),
        ("prodcts", "did you mean `products`?"),
        ("xyzzy", "write one of `authorization`, `bank.client_card`, "),
    ],
)
def test_an_unknown_target_is_said_with_the_nearest(
    tolmach: Terminal, monkeypatch: pytest.MonkeyPatch, target: str, remedy: str
) -> None:
    for name in ("BANK_URL", "CRM_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("BANK_PASSWORD", "CRM_KEY"):
        monkeypatch.setenv(name, "invented")
    project: Path = ROOT / "examples" / "bank" / "tolmach.yaml"
    said = tolmach("call", target, "--file", project)
    assert (said.code, said.out) == (2, "")
    assert f"the project has no `{target}`: {remedy}" in said.err
