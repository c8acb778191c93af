"""A crash while a key is revoked leaves a whole project file."""

from pathlib import Path

import pytest

from engine.settings.failpoints import armed
from tests.cli.terminal import Terminal

HASH = "sha256:f0e1d2c3:4417e5574d83106cb1d4a96831ead8766f605872ec2b8cef7ffee5a5574bee93"
TEXT = (
    f'projects:\n  p:\n    connections: {{}}\n    keys: [{{name: bot, hash: "{HASH}", allow: ["*"]}}]  # the only one\n'
)


class Crash(BaseException):
    """What ends a process at once."""


def crash() -> None:
    raise Crash


def test_the_old_file_stays_until_the_new_one_is_whole(tolmach: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "tolmach.yaml"
    file.write_text(TEXT, encoding="utf-8")
    with armed("key.replace", crash), pytest.raises(Crash):
        tolmach("key", "revoke", "bot", file)
    assert file.read_text(encoding="utf-8") == TEXT
    assert tolmach("key", "revoke", "bot", file).code == 0
    assert file.read_text(encoding="utf-8") == TEXT.replace(HASH, "revoked:f0e1d2c3")
    assert [path.name for path in tmp_path.iterdir()] == ["tolmach.yaml"]


def test_the_new_file_is_read_by_no_more_people_than_the_old_one(tolmach: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "tolmach.yaml"
    file.write_text(TEXT, encoding="utf-8")
    file.chmod(0o640)
    modes: list[int] = []
    beside = tmp_path / ".tolmach.yaml.new"
    with armed("key.replace", lambda: modes.append(beside.stat().st_mode & 0o777)):
        assert tolmach("key", "revoke", "bot", file).code == 0
    assert [*modes, file.stat().st_mode & 0o777] == [0o640, 0o640]
