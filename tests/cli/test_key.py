"""`tolmach key`: made, pasted, served, listed, revoked; always through the real verbs."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.spec.key import digest, digest_of
from engine.store import Seal
from tests.cli.terminal import Ended, Terminal, started
from tests.runtime.bench import lay
from tests.upstream import Upstream

OPERATIONS = "operations:\n  user: {request: {method: GET, path: /user}, output: {id: body.id}}\n"


def key(folder: Path, *words: str) -> Ended:
    """`tolmach key …` as a process of its own."""
    with started(["key", *words], folder) as process:
        out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out, err)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """`tolmach serve` until the end of the block; gives its address."""
    with started(["serve", "--port", "0"], folder, TOLMACH_DRAIN="0", TOLMACH_LOG_LEVEL="debug") as process:
        try:
            assert process.stderr is not None
            said = next(line for line in process.stderr if line.startswith("tolmach serves "))
            yield said.split()[-1]
        finally:
            process.terminate()
            _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log


def status(address: str, text: str) -> int:
    request = urllib.request.Request(f"{address}/v1/p/crm/user", b"{}", {"X-Api-Key": text})
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def paste(folder: Path, url: str, *lines: str) -> Path:
    keys = "keys:\n" + "".join(f"  {line}\n" for line in lines) if lines else ""
    return lay(folder, OPERATIONS, url, project=keys)


def test_from_a_new_key_to_a_revoked_one(tmp_path: Path, system: Upstream) -> None:
    system.says({"id": 7})
    made = key(tmp_path, "new", "bot", "--allow", "crm.user")
    assert made.code == 0
    text, line = made.out.splitlines()
    assert "shown only now" in made.err
    assert text not in line
    other, other_line = key(tmp_path, "new", "other").out.splitlines()
    file = paste(tmp_path, system.url, line, other_line)
    assert text not in file.read_text(encoding="utf-8")
    with serving(tmp_path) as address:
        assert status(address, text) == 200
        assert status(address, text[:-1] + ("A" if text[-1] != "A" else "B")) == 401
    before = file.read_text(encoding="utf-8")
    revoked = key(tmp_path, "revoke", "bot")
    assert (revoked.code, revoked.out) == (0, "")
    assert "after its next start" in revoked.err
    digest = re.search(r'"(sha256:([0-9a-f]{8}):[0-9a-f]{64})"', line)
    assert digest is not None
    assert file.read_text(encoding="utf-8") == before.replace(digest[1], f"revoked:{digest[2]}")
    with serving(tmp_path) as address:
        assert status(address, text) == 401
        assert status(address, other) == 200
    listed = key(tmp_path, "list")
    assert listed.out.splitlines() == [f"p\tbot\t{digest[2]}\trevoked", f"p\tother\t{other[4:12]}\t*"]


def test_a_key_is_random_and_its_line_holds_only_its_hash(tolmach: Terminal) -> None:
    made = [tolmach("key", "new", "bot", "--output", "json").json for _ in range(20)]
    assert len({one["key"] for one in made}) == 20
    for one in made:
        assert re.fullmatch(r"tlm_[0-9a-f]{8}_[\w-]{43}", one["key"])
        assert digest(one["key"].encode()) == digest_of(one["hash"])
        assert one["hash"] in one["line"]
        assert one["key"] not in one["line"]
        assert one["allow"] == ["*"]


@pytest.mark.parametrize("name", ["no", "null", "0123", "a: b", 'say "x"', "back\\slash", "бот", "{x}", "a\nb"])
def test_the_line_is_read_as_it_was_meant(tolmach: Terminal, tmp_path: Path, name: str) -> None:
    made = tolmach("key", "new", name)
    file = paste(tmp_path, "https://crm.example", made.out.splitlines()[1])
    listed = tolmach("key", "list", file, "--output", "json")
    assert (listed.code, [row["name"] for row in listed.json]) == (0, [name])
    assert tolmach("check", file).code == 0


def test_a_target_that_a_key_allows_must_exist(tolmach: Terminal, tmp_path: Path) -> None:
    made = tolmach("key", "new", "bot", "--allow", "crm.usr")
    ended = tolmach("check", paste(tmp_path, "https://crm.example", made.out.splitlines()[1]))
    assert ended.code == 1
    assert "error[unknown-allow]" in ended.out
    assert "did you mean `crm.user`?" in ended.out


def test_a_key_that_seals_is_one_line_for_the_store(tolmach: Terminal) -> None:
    first, second = tolmach("key", "seal"), tolmach("key", "seal")
    assert (first.code, second.code) == (0, 0)
    assert first.out.count("\n") == 1
    assert first.out != second.out
    assert Seal(first.out + second.out).current == Seal(first.out).current != Seal(second.out).current


def test_a_list_for_programs_and_for_people(tolmach: Terminal, tmp_path: Path) -> None:
    file = paste(tmp_path, "https://crm.example")
    empty = tolmach("key", "list", file)
    assert (empty.code, empty.out) == (0, "")
    assert "tolmach key new NAME" in empty.err
    assert tolmach("key", "list", file, "--output", "json").json == []
    made = tolmach("key", "new", "bot", "--output", "json").json
    paste(tmp_path, "https://crm.example", made["line"])
    (row,) = tolmach("key", "list", file, "--output", "json").json
    expected = {"project": "p", "name": "bot", "id": made["key"][4:12], "allow": ["*"], "rights": [], "revoked": False}
    assert row == expected
    for output in ("text", "json"):
        listed = tolmach("key", "list", file, "--output", output).out
        assert made["hash"][16:] not in listed
        assert made["key"][13:] not in listed


def test_of_one_name_in_two_projects_one_is_chosen(tolmach: Terminal, tmp_path: Path) -> None:
    lines = [tolmach("key", "new", "bot").out.splitlines()[1] for _ in range(2)]
    file = paste(tmp_path, "https://crm.example", lines[0])
    text = file.read_text(encoding="utf-8")
    second = text.removeprefix("projects:\n").replace("  p:\n", "  q:\n", 1).replace(lines[0], lines[1])
    file.write_text(text + second, encoding="utf-8")
    which = tolmach("key", "revoke", "bot", file)
    assert (which.code, "--project" in which.err) == (2, True)
    assert tolmach("key", "revoke", "bot", file, "--project", "q").code == 0
    found = {row["project"]: row["revoked"] for row in json.loads(tolmach("key", "list", file, "--output", "json").out)}
    assert found == {"p": False, "q": True}


def test_what_cannot_be_revoked_changes_nothing(tolmach: Terminal, tmp_path: Path) -> None:
    line = tolmach("key", "new", "bot").out.splitlines()[1]
    file = paste(tmp_path, "https://crm.example", line)
    before = file.read_bytes()
    nobody = tolmach("key", "revoke", "bto", file)
    assert (nobody.code, nobody.out) == (2, "")
    assert "there is no valid key `bto`" in nobody.err
    assert file.read_bytes() == before
    assert tolmach("key", "revoke", "bot", tmp_path / "nowhere.yaml").code == 4
    assert tolmach("key", "revoke", "bot", file).code == 0
    assert tolmach("key", "revoke", "bot", file).code == 2
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_that_cannot_be_read_is_4(tmp_path: Path) -> None:
    (tmp_path / "tolmach.yaml").write_text("projects: [\n", encoding="utf-8")
    ended = key(tmp_path, "list")
    assert (ended.code, ended.out) == (4, "")
    assert "error[yaml-syntax]" in ended.err
    assert key(tmp_path, "lsit").code == 2
