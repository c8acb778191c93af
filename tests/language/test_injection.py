"""Whatever a value holds, the structure around it stays: the engine builds it, other parsers read it back."""

import email.parser
import json
import posixpath
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import EvaluationError
from engine.language.codec.form import encode_form, encode_query
from engine.language.codec.json import encode_json
from engine.language.codec.places import header_value, literal_path, path_value, segment, xml_text
from engine.language.template import compile_template

CASES: dict[str, list[str]] = json.loads((Path(__file__).parents[1] / "cases" / "payloads.json").read_text("utf-8"))
PAYLOADS = [*CASES["payloads"], "a" * 65_536]
PHONES = [*CASES["phones"], "9" * 3000]


def written(template: str, value: str) -> Any:
    return compile_template(template)({"input": {"v": value}})


def path_segment(value: str) -> str:
    url = (
        "https://h.example"
        + literal_path("/users/")
        + segment(written("{{ input.v }}", value))
        + literal_path("/calls")
    )
    path = urlsplit(url).path
    assert urlsplit(url).netloc == "h.example"
    assert posixpath.normpath(path) == path
    assert urlsplit(urljoin("https://h.example/users/x/calls", url)).path == path
    before, users, found, calls = path.split("/")
    assert (before, users, calls) == ("", "users", "calls")
    assert posixpath.normpath(unquote(path)) == unquote(path)
    return unquote(found, errors="strict")


def path_of_segments(value: str) -> str:
    url = "https://h.example/base/" + path_value(written("{{ input.v }}", value)) + "/calls"
    parts = urlsplit(url)
    assert (parts.netloc, parts.query, parts.fragment) == ("h.example", "", "")
    assert posixpath.normpath(parts.path) == parts.path
    assert posixpath.normpath(unquote(parts.path)) == unquote(parts.path)
    assert parts.path.startswith("/base/")
    return unquote(parts.path.removeprefix("/base/").removesuffix("/calls"), errors="strict")


def query_value(value: str) -> str:
    url = "https://h.example/x?" + encode_query([("a", "1"), ("q", written("{{ input.v }}", value)), ("limit", "1")])
    assert urlsplit(url).fragment == ""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True, errors="strict")
    assert [name for name, _ in pairs] == ["a", "q", "limit"]
    return pairs[1][1]


def query_name(value: str) -> str:
    ((name, found),) = parse_qsl(
        encode_query([(value, "1")]), keep_blank_values=True, strict_parsing=True, errors="strict"
    )
    assert found == "1"
    return name


def form_value(value: str) -> str:
    body = encode_form([("a", "1"), ("q", written("{{ input.v }}", value)), (value, "2")])
    pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    assert len(pairs) == 3
    assert pairs[2] == (value, "2")
    return pairs[1][1]


def header(value: str) -> str:
    lines = f"X-First: 1\r\nX-Value: {header_value(written('{{ input.v }}', value))}\r\nX-Last: 2\r\n\r\nbody"
    found = email.parser.BytesParser().parsebytes(lines.encode("latin-1"))
    assert found.keys() == ["X-First", "X-Value", "X-Last"]
    assert found.get_payload() == "body"
    raw = re.search(rb"\r\nX-Value: (.*?)\r\nX-Last", lines.encode("latin-1"), re.DOTALL)
    assert raw is not None
    return raw[1].decode("latin-1")


def json_value(value: str) -> str:
    found = json.loads(
        encode_json({"phone": written("{{ input.v }}", value), "type": "x", value: [written("<{{ input.v }}>", value)]})
    )
    assert found.keys() == {"phone", "type", value}
    assert value in ("phone", "type") or found[value] == [f"<{value}>"]
    return str(found["phone"])


def json_in_text(value: str) -> str:
    found = json.loads(written('{"phone": {{ input.v | to_json }}, "type": "x"}', value))
    assert found.keys() == {"phone", "type"}
    return str(found["phone"])


def sent(query: str) -> str:
    """What a server reads of a query language's text in `?q=`."""
    ((name, found),) = parse_qsl(encode_query([("q", query)]), strict_parsing=True, errors="strict")
    assert name == "q"
    return found


def quoted(text: str, quote: str, rest: str) -> str:
    """Read a literal in which a backslash makes the next character plain; `rest` must follow it untouched."""
    assert text[0] == quote
    found, at = "", 1
    while text[at] != quote:
        at += text[at] == "\\"
        found += text[at]
        at += 1
    assert text[at + 1 :] == rest
    return found


def soql(value: str) -> str:
    before, rest = "SELECT Id FROM Contact WHERE Email = ", " AND IsDeleted = false"
    return quoted(sent(written(before + "{{ input.v | soql }}" + rest, value)).removeprefix(before), "'", rest)


def like(value: str) -> str:
    """Here a bare `%` or `_` is a wildcard: none but the one that was asked for may be there."""
    text = sent(written("Name LIKE {{ input.v | like('contains') }} LIMIT 1", value)).removeprefix("Name LIKE ")
    assert text.startswith("'%")
    assert text.endswith("%' LIMIT 1")
    inside = text[2 : -len("%' LIMIT 1")]
    assert not re.search(r"[%_']", re.sub(r"\\.", "", inside))
    return quoted(text, "'", " LIMIT 1")[1:-1]


def sosl(value: str) -> str:
    text = sent(written("FIND {{ input.v | sosl }} RETURNING Contact", value)).removeprefix("FIND ")
    assert text.startswith("{")
    end = re.search(r"(?<!\\)(?:\\\\)*\}", text)
    assert end is not None
    assert text[end.end() :] == " RETURNING Contact"
    inside = text[1 : end.end() - 1]
    assert not re.search(r"[?&|!{}\[\]()^~*:\"'+-]", re.sub(r"\\.", "", inside))
    return re.sub(r"\\(.)", r"\1", inside)


def odata_read(text: str, rest: str) -> str:
    found = re.match("'((?:[^']|'')*)'", text)
    assert found is not None
    assert text[found.end() :] == rest
    return found[1].replace("''", "'")


def odata(value: str) -> str:
    text = sent(written("contains(Name,{{ input.v | odata }}) and Active eq true", value))
    return odata_read(text.removeprefix("contains(Name,"), ") and Active eq true")


def odata_key(value: str) -> str:
    path = "/Clients(" + segment(written("{{ input.v | odata }}", value)) + ")/Name"
    assert len(path.split("/")) == 3
    assert urlsplit("https://h.example" + path).path == path
    return odata_read(unquote(path).removeprefix("/Clients("), ")/Name")


def jql(value: str) -> str:
    before = "project = X AND summary ~ "
    return quoted(
        sent(written(before + "{{ input.v | jql }} ORDER BY id", value)).removeprefix(before), '"', " ORDER BY id"
    )


def xml(value: str) -> str:
    text = xml_text(written("{{ input.v }}", value))
    tree = ET.fromstring(f'<a><b c="{text}">{text}</b><d/></a>')
    assert [child.tag for child in tree] == ["b", "d"]
    assert tree[0].attrib.keys() == {"c"}
    assert len(tree[0]) == 0
    return tree[0].text or ""


def url_in_text(value: str) -> str:
    parts = urlsplit(written("https://h.example/x/{{ input.v | url }}/y?z=1", value))
    assert (parts.netloc, parts.query, parts.fragment, parts.path.count("/")) == ("h.example", "z=1", "", 3)
    return unquote(parts.path.split("/")[2], errors="strict")


def control(value: str) -> bool:
    return re.search("[\x00-\x1f\x7f-\x9f]", value) is not None


def lines(value: str) -> bool:
    return control(value) or re.search("[\u2028\u2029]", value) is not None


def never(_: str) -> bool:
    return False


def same(value: str) -> str:
    return value


Context = tuple[Callable[[str], str], Callable[[str], bool], Callable[[str], str]]
CONTEXTS: dict[str, Context] = {
    "path": (path_segment, lambda v: control(v) or v in ("", ".", "..") or "/" in v or "\\" in v, same),
    "path of segments": (
        path_of_segments,
        lambda v: (
            control(v)
            or not {"", ".", ".."}.isdisjoint(v.removeprefix("/").removesuffix("/").split("/"))
            or re.search(r"[?#\\]", v) is not None
            or re.match("/?[A-Za-z][A-Za-z0-9+.-]*:", v) is not None
        ),
        lambda v: v.removeprefix("/").removesuffix("/"),
    ),
    "query": (query_value, never, same),
    "query name": (query_name, never, same),
    "form": (form_value, never, same),
    "header": (header, lambda v: control(v.replace("\t", "")) or not v.isascii(), lambda v: v.strip(" \t")),
    "json": (json_value, lambda v: len(v) > 65_536, same),
    "json in text": (json_in_text, lambda v: len(v) > 65_500, same),
    "soql": (soql, lambda v: lines(v) or len(v) > 30_000, same),
    "like": (like, lambda v: lines(v) or len(v) > 30_000, same),
    "sosl": (sosl, lambda v: lines(v) or len(v) > 30_000, same),
    "odata": (odata, lambda v: lines(v) or len(v) > 30_000, same),
    "odata key": (odata_key, lambda v: lines(v) or len(v) > 30_000 or "/" in v or "\\" in v, same),
    "jql": (jql, lambda v: lines(v) or len(v) > 30_000, same),
    "xml": (xml, lambda v: re.search("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", v) is not None, same),
    "url in text": (url_in_text, lambda v: len(v) > 10_000, same),
}


def outcome(run: Callable[[str], Any], value: str) -> Any:
    """What `run` gives, or the error that refuses the value; that error never quotes it."""
    try:
        return run(value)
    except EvaluationError as error:
        refused = error
    assert len(value) < 4 or value not in refused.message
    return refused


def check(context: str, value: str) -> None:
    """The value arrives equal, or is refused where it may be."""
    carried, may_be_refused, expected = CONTEXTS[context]
    found = outcome(carried, value)
    if isinstance(found, EvaluationError):
        assert may_be_refused(value), found.message
    else:
        assert found == expected(value)
        assert not must_be_refused(context, value)


def must_be_refused(context: str, value: str) -> bool:
    """Where no encoding helps: servers fold dots, headers and query languages break at control characters."""
    if context in ("path", "path of segments"):
        return value in ("", ".", "..") or "\\" in value or control(value)
    if context == "header":
        return control(value.strip(" \t").replace("\t", ""))
    return context in ("soql", "like", "sosl", "odata", "odata key", "jql") and control(value)


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_payload_never_changes_the_structure(context: str) -> None:
    for payload in PAYLOADS:
        check(context, payload)


def test_there_are_enough_payloads_and_contexts() -> None:
    assert len(CONTEXTS) >= 12
    assert len(set(PAYLOADS)) * len(CONTEXTS) >= 1_500


@pytest.mark.parametrize("context", CONTEXTS)
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("'\"\\%_{}[]()&=+;#?/.<>:$ \r\n\x00", max_size=12))
@example("\\'")
@example("'\\")
def test_no_text_changes_the_structure(context: str, value: str) -> None:
    check(context, value)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("value", ["\ud800", "a\udc00b"])
def test_half_a_character_is_refused_everywhere(context: str, value: str) -> None:
    with pytest.raises(EvaluationError):
        CONTEXTS[context][0](value)


@pytest.mark.parametrize("value", PHONES, ids=lambda value: ascii(value)[:30])
def test_a_phone_is_a_number_or_refused(value: str) -> None:
    found = outcome(lambda given: written("{{ input.v | phone }}", given), value)
    assert found is None or isinstance(found, EvaluationError) or re.fullmatch(r"\+[1-9][0-9]{6,14}", found)
