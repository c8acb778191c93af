"""`--fix`: safe changes, tried before they are kept; what is not better is left."""

from pathlib import Path

import pytest

from engine.authoring.check import Checker
from engine.authoring.fixes import mend
from engine.authoring.pages import pages
from engine.errors import Diagnostic

TEXT = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A CRM
connection: {base_url: "https://crm.example"}
operations:
  ping:
    input: {n?: string}
    request: {method: GET, path: /ping, query: {q: SENT}}
    output: {id?: READ}
"""
CHECKER = Checker(lambda *_: [])


def mended(folder: Path, sent: str = "a", read: str = "body.id") -> tuple[str, str, list[str]]:
    file = folder / "connector.yaml"
    file.write_text(TEXT.replace("SENT", sent).replace("READ", read), encoding="utf-8")
    changes = mend(CHECKER, file)
    assert mend(CHECKER, file) == [], "it is done once"
    lines = file.read_text(encoding="utf-8").splitlines()
    written = [line.partition(mark)[2].removesuffix("}") for line, mark in ((lines[8], "{q: "), (lines[9], "{id?: "))]
    return written[0].removesuffix("}"), written[1], [change.problem.code for change in changes]


@pytest.mark.parametrize(
    ("sent", "after", "codes"),
    [
        ("no", "'no'", ["ambiguous-boolean"]),
        ("0071", "'0071'", ["ambiguous-number"]),
        ("+79161234567", "'+79161234567'", ["ambiguous-number"]),
        ("[yes, 0x1F]", "['yes', '0x1F']", ["ambiguous-boolean", "ambiguous-number"]),
        ("\"a = '{{ input.n | soql }}'\"", '"a = {{ input.n | soql }}"', ["literal-quotes"]),
        ("\"a = '%{{ input.n | soql }}%'\"", "\"a = '%{{ input.n | soql }}%'\"", []),
        ('"{{ inptu.n }}"', '"{{ inptu.n }}"', []),
    ],
)
def test_what_is_sent(sent: str, after: str, codes: list[str], tmp_path: Path) -> None:
    found, _, done = mended(tmp_path, sent=sent)
    assert (found, sorted(done)) == (after, codes)


@pytest.mark.parametrize(
    ("read", "after", "codes"),
    [
        ('"!body.id"', '"!(body.id)"', ["not-precedence"]),
        ('"!body.id && !body.a.b"', '"!(body.id) && !(body.a.b)"', ["not-precedence", "not-precedence"]),
        ("to_string(body.id)", "text(body.id)", ["null-to-text"]),
        ("\"status == '204'\"", '"status == `204`"', ["status-as-text"]),
        ("\"!body.id && status == '204'\"", '"!(body.id) && status == `204`"', ["not-precedence", "status-as-text"]),
        ("'status == ''204'''", "'status == `204`'", ["status-as-text"]),
        ("{expr: body.id, map: {a: yes}}", "{expr: body.id, map: {a: 'yes'}}", ["ambiguous-boolean"]),
        ("{each: body, single: yes, as: item}", "{each: body, single: yes, as: item}", []),
    ],
)
def test_what_is_read(read: str, after: str, codes: list[str], tmp_path: Path) -> None:
    """The last one stays: quoted it would be of the wrong type."""
    _, found, done = mended(tmp_path, read=read)
    assert (found, done) == (after, codes)


def test_a_change_shows_its_line(tmp_path: Path) -> None:
    file = tmp_path / "connector.yaml"
    file.write_bytes(TEXT.replace("SENT", "no").replace("READ", "body.id").replace("\n", "\r\n").encode())
    (change,) = mend(CHECKER, file)
    assert change.before.strip() == "request: {method: GET, path: /ping, query: {q: no}}"
    assert change.after.strip() == "request: {method: GET, path: /ping, query: {q: 'no'}}"
    assert file.read_bytes().count(b"\r\n") == file.read_bytes().count(b"\n") == 10
    assert [one.name for one in tmp_path.iterdir()] == ["connector.yaml"]


def test_what_else_may_end_a_line_ends_none(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    text = f"a\u2028b\x0cc\n\n```yaml\n{TEXT.replace('SENT', 'no').replace('READ', 'body.id')}```\n"
    page.write_text(text, encoding="utf-8")
    assert len(mend(CHECKER, page)) == 1
    assert page.read_text(encoding="utf-8") == text.replace("{q: no}", "{q: 'no'}")


def test_rights_and_links_stay(tmp_path: Path) -> None:
    file = tmp_path / "real.yaml"
    file.write_text(TEXT.replace("SENT", "no").replace("READ", "body.id"), encoding="utf-8")
    file.chmod(0o640)
    link = tmp_path / "connector.yaml"
    link.symlink_to(file)
    assert mend(CHECKER, link)
    assert link.is_symlink()
    assert "'no'" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    file = tmp_path / "connector.yaml"
    file.write_text(TEXT.replace("SENT", "no").replace("READ", "body.id"), encoding="utf-8")

    class Slow(Checker):
        def problems(self, path: Path, text: str | None = None) -> list[Diagnostic]:
            file.write_text("another: file\n", encoding="utf-8")
            return super().problems(path, text)

    assert mend(Slow(lambda *_: []), file) == []
    assert file.read_text(encoding="utf-8") == "another: file\n"


def test_a_file_that_is_no_utf_8_is_left(tmp_path: Path) -> None:
    file = tmp_path / "connector.yaml"
    data = TEXT.replace("SENT", "no").replace("A CRM", "СРМ").encode("cp1251")
    file.write_bytes(data)
    assert mend(CHECKER, file) == []
    assert file.read_bytes() == data


def test_what_can_be_mended() -> None:
    fixable = {code for code, page in pages().items() if page.fix is not None}
    assert fixable == {
        *("ambiguous-boolean", "ambiguous-number", "literal-quotes", "not-precedence"),
        *("null-to-text", "status-as-text"),
    }
