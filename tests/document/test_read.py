"""Reading a document: keys, anchors, limits, files; and that nothing else than ConfigError comes out."""

import os
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from engine.document import Map, read_file, read_text
from engine.errors import ConfigError
from tests.document.found import only, points_at_itself, problems, quickly, texts, written

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abz0 :#-'\"\\{[я", max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


class Quoted(yaml.SafeDumper):
    """Quotes every text, writes decimals as they are, refers to nothing twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Quoted.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
Quoted.add_representer(
    Decimal, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", f"{number:f}")
)


@given(
    st.dictionaries(st.text("abcя", min_size=1), JSON, min_size=1), st.sampled_from([True, False, None]), st.booleans()
)
def test_what_was_dumped_is_read_back(value: dict[str, Any], flow: bool | None, as_it_is: bool) -> None:
    text = yaml.dump(value, Dumper=Quoted, default_flow_style=flow, allow_unicode=as_it_is, width=60)
    for unseen in "\x85\u2028\u2029\ufeff":
        text = text.replace(unseen, repr(unseen)[1:-1].replace("\\x85", "\\x85"))
    root = read_text(text, "f").root
    assert root == value
    assert all(map(points_at_itself, texts(root)))


def test_a_duplicate_key_is_shown_with_the_first() -> None:
    found = only("a: 1\nurl: x\nb: {url: y}\n'url': z\n")
    assert (found.code, str(found.span), found.span.length, str(found.also)) == (
        "duplicate-key",
        "f.yaml:4:1",
        5,
        "f.yaml:2:1",
    )
    assert found.source == "'url': z"
    assert "`url`" in found.message


def test_all_independent_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = "a: yes\nb: {c: 0123, c: 1}\nd: !x y\ne: [off, {{ input.f }}]\n? [g]\n: h\ni: *j\nk: {<<: 1}\nl: n:o: p\n"
    assert [(problem.code, problem.span.line) for problem in problems(text)] == [
        ("ambiguous-boolean", 1),
        ("ambiguous-number", 2),
        ("duplicate-key", 2),
        ("yaml-tag", 3),
        ("ambiguous-boolean", 4),
        ("key-not-text", 4),
        ("key-not-text", 5),
        ("yaml-alias", 7),
        ("yaml-merge", 8),
        ("yaml-syntax", 9),
    ]


def test_each_duplicate_has_its_own_first() -> None:
    assert [str(found.also) for found in problems("a: 1\na: 2\nb: 1\nb: 2\na: 3\n")] == [
        "f.yaml:1:1",
        "f.yaml:3:1",
        "f.yaml:1:1",
    ]


def test_what_is_found_late_stands_where_it_belongs() -> None:
    assert [found.code for found in problems("a: {<<: 1, b: yes}")] == ["yaml-merge", "ambiguous-boolean"]


@pytest.mark.parametrize("text", ["{'a:b'}", "urn:x:\n", "{urn:x: , b}", "a: {b: 1, ? c:d : }", "- ab:\n-"])
def test_a_colon_within_a_key_may_be_meant(text: str) -> None:
    assert problems(text) == []


def test_the_hundredth_problem_is_the_last() -> None:
    assert len(problems("- yes\n" * 10_000)) == 100


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("a: {{ input.x }}", "f.yaml:1:4", 'quote the template: "{{ input.x }}"'),
        ("a: {{ input.x }}/b # c", "f.yaml:1:4", 'quote the template: "{{ input.x }}/b"'),
        ('a: {{ x | f("it\'s") }}', "f.yaml:1:4", "quote the template: '{{ x | f(\"it''s\") }}'"),
        ("a:\n  - {{ x[0] }}", "f.yaml:2:5", 'quote the template: "{{ x[0] }}"'),
        (r"a: {{ x | split('\.') }}", "f.yaml:1:4", r"quote the template: '{{ x | split(''\.'') }}'"),
        ("a: {{ " + "x" * 100 + " }}", "f.yaml:1:4", "quote the template"),
        ("a: {b: {{ x }}, c: d}", "f.yaml:1:8", 'quote the template: "{{ x }}"'),
        ("a: {? [b] : c}", "f.yaml:1:7", "quote it, if it is text or an expression"),
        ("? {a: b}\n: c", "f.yaml:1:3", "quote it, if it is text or an expression"),
        ("a: &x b\n*x : c", "f.yaml:2:1", "write the key itself"),
        ("a: {? : b}", "f.yaml:1:7", "write a key, or quote the value"),
        ("{[a]: b, '': c}", "f.yaml:1:2", "quote it, if it is text or an expression"),
        ('{[a]: b, "\\0": c}', "f.yaml:1:2", "quote it, if it is text or an expression"),
    ],
)
def test_a_key_must_be_text(text: str, place: str, remedy: str) -> None:
    found = problems(text)[0]
    assert (found.code, str(found.span), found.remedy) == ("key-not-text", place, remedy)
    assert len(problems(text)) == 1 or "\\0" in text


@pytest.mark.parametrize(
    "text", ["a: !x y", "a: !!str 5", "a: !a.b", "a: !", "a: !!python/object/apply:os.system ['id']"]
)
def test_tags_are_refused_and_not_repeated(text: str) -> None:
    found = only(text)
    assert (found.code, str(found.span)) == ("yaml-tag", "f.yaml:1:4")
    assert not {"x y", "a.b", "python"} & set(found.message.split())
    assert problems(f'a: "{text[3:]}"') == []


def test_an_anchor_gives_the_same_value_again() -> None:
    root = read_text("a: &x {b: 1}\nc: *x\nd: &x [text]\ne: *x\nf: &y 12\ng: *y\n&z h: *z\n", "f").root
    assert root["c"] is root["a"]
    assert root["e"] == ["text"]
    assert (root["f"], root["g"], root["h"]) == (12, 12, "h")
    assert str(root.value_span("g")) == "f:6:4"
    assert str(read_text("a: &x # why\nb: 1", "f").root.value_span("a")) == "f:1:6"
    assert str(root["e"].item_span(0)) == "f:3:8"


def test_merge_puts_the_pairs_where_it_stands_and_overrides_nothing() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: t}\nz:\n  b: 4\n  <<: [*x, *y, {d: 5}]\n  a: 6\n'<<': *x\n"
    root = read_text(text, "f").root
    assert list(root["z"].items()) == [("b", 4), ("c", "t"), ("d", 5), ("a", 6)]
    assert type(root["z"]) is Map
    assert [str(root["z"].key_span(key)) for key in root["z"]] == ["f:4:3", "f:2:14", "f:5:17", "f:6:3"]
    assert [written(text, root["z"].value_span(key)) for key in root["z"]] == ["4", "t", "5", "6"]
    assert root["<<"] is root["x"]
    merged = read_text("x: &x {a: 1, b: 2}\nz: {<<: *x, c: 3}", "f").root["z"]
    assert merged == {"a": 1, "b": 2, "c": 3}
    assert list(merged) == ["a", "b", "c"]
    assert read_text("x: &x {a: 1}\ny: &y {a: 2}\nz: {<<: [*x, *y]}", "f").root["z"] == {"a": 1}
    assert str(merged.value_span("b")) == "f:1:17"


@pytest.mark.parametrize("value", ["1", "text", "[1]", "[{a: 1}, text]", "", "[[{}]]"])
def test_merge_takes_mappings_only(value: str) -> None:
    found = only(f"a:\n  <<: {value}\n")
    assert (found.code, str(found.span), found.span.length) == ("yaml-merge", "f.yaml:2:3", 2)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a: *b", "f.yaml:1:4", "refers to nothing"),
        ("a: *b\nb: &b 1", "f.yaml:1:4", "refers to nothing"),
        ("a: &a [1, *a]", "f.yaml:1:11", "inside the value"),
        ("a: &a\n  b: {c: *a}", "f.yaml:2:10", "inside the value"),
        ("a: &a 1\nb: &a {<<: *a}", "f.yaml:2:12", "inside the value"),
        ("a: &a [1]\nb: [" + "*a," * 100 + "\n*a]", "f.yaml:3:1", "more than 100"),
    ],
)
def test_aliases_that_cannot_be_followed(text: str, place: str, said: str) -> None:
    found = only(text)
    assert (found.code, str(found.span)) == ("yaml-alias", place)
    assert said in found.message


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n", "---\n", "---\n...\n", "~", "null # nothing"])
def test_a_file_that_holds_nothing(text: str) -> None:
    found = only(text)
    assert (found.code, str(found.span)) == ("yaml-document", "f.yaml:1:1")


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\n---\nb: 2", 2), ("--- a\n--- b", 2), ("a: 1\n---\n", 2), ("a\n...\n---\nb", 3)]
)
def test_a_second_document(text: str, line: int) -> None:
    found = only(text)
    assert (found.code, found.span.line, found.span.column) == ("yaml-document", line, 1)
    assert problems("---\na: 1\n...\n") == []


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", ""), ("&x [", "]")])
def test_levels_are_counted(opening: str, closing: str) -> None:
    assert problems(opening * 64 + "1" + closing * 64) == []
    (found,) = problems(opening * 65 + "1" + closing * 65)
    assert (found.code, found.span.line) == ("yaml-too-deep", 1)


def test_levels_behind_aliases_are_counted() -> None:
    text = "- &a0 []\n" + "".join(f"- &a{n + 1} [*a{n}]\n" for n in range(62))
    assert problems(text) == []
    assert problems("- &a [" + "[" * 61 + "]" * 61 + ", []]\n- [*a]\n") == []
    assert only("- &a [" + "[" * 61 + "]" * 61 + ", []]\n- [[*a]]\n").code == "yaml-too-deep"
    (found,) = problems(text + "- &b [*a62]\n")
    assert (found.code, str(found.span)) == ("yaml-too-deep", "f.yaml:64:7")


def test_values_are_counted_with_what_aliases_repeat() -> None:
    assert problems("[" + "1," * 99_999 + "]") == []
    assert [found.code for found in problems("[" + "1," * 100_000 + "]")] == ["yaml-too-many-values"]
    text = "- &x [" + "1," * 998 + "]\n"  # with itself 999 values
    assert problems(text + "- *x\n" * 98 + "- [" + "1," * 1_096 + "]") == []
    assert only(text + "- *x\n" * 98 + "- [" + "1," * 1_098 + "]").code == "yaml-too-many-values"


BOMBS = {
    "brackets": ("[" * 100_000, "yaml-too-deep"),
    "braces": ("{a: " * 100_000, "yaml-too-deep"),
    "dashes": ("- " * 100_000, "yaml-too-deep"),
    "questions": ("? " * 100_000, "key-not-text"),
    "closed brackets": ("[" * 100_000 + "]" * 100_000, "yaml-too-deep"),
    "indentation": ("".join(" " * n + "a:\n" for n in range(1_400)), "yaml-too-deep"),
    "9 by 9": (
        "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [" + f"*a{n}," * 9 + "]\n" for n in range(9)),
        "yaml-too-many-values",
    ),
    "merge 12 by 20": (
        "a0: &a0 {x: 1}\n" + "".join(f"a{n + 1}: &a{n + 1} {{<<: [" + f"*a{n}," * 20 + "]}\n" for n in range(12)),
        "yaml-too-many-values",
    ),
    "billion laughs by merge": (
        "a0: &a0 {x: 1}\n" + "".join(f"a{n + 1}: &a{n + 1} {{b: *a{n}, c: *a{n}}}\n" for n in range(40)),
        "yaml-too-many-values",
    ),
    "recursion": ("&a [*a, {<<: *a}]", "yaml-alias"),
    "sexagesimals": ("a: 1" + ":59" * 200_000, "ambiguous-number"),
    "digits": ("a: " + "9" * 1_000_000, "ambiguous-number"),
    "zero": ("a: b\0", "yaml-encoding"),
    "zeros": ("\0" * 1_000_000, "yaml-encoding"),
    "open quote": ('a: "' + "\n" * 500_000, "yaml-syntax"),
    "open template": ("a: {{ x" + " " * 1_000_000, "key-not-text"),
    "tags": ("a: " + "!!x " * 200_000, "yaml-tag"),
    "anchors": ("a: " + "&x " * 200_000, "yaml-syntax"),
    "directives": ("%TAG !a! b\n" * 90_000 + "---\na", "yaml-syntax"),
    "late directives": ("a\n...\n" + "%TAG !a! b\n" * 90_000 + "---\na", "yaml-syntax"),
    "doubled keys": ("a: 1\n" * 200_000, "duplicate-key"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name: str) -> None:
    text, code = BOMBS[name]
    assert code in [found.code for found in quickly(text)]
    assert code in [found.code for found in quickly(text.encode())]


def test_random_bytes_are_refused_at_once() -> None:
    for seed in range(50):
        assert quickly(random.Random(seed).randbytes(200_000))


@given(st.text() | st.text("[]{}:,-?&*!|>'\"%@`# \n\tab01~<=\\я", max_size=60) | st.binary())
@example("? \n- ")
@example("- \nb: 1")
@example("[a: ")
@example("a: &x\n*x")
@example("{? a, ? [b]: c, : }")
def test_nothing_else_than_config_errors_comes_out(text: str | bytes) -> None:
    for found in quickly(text):
        assert found.span.file == "f.yaml"
        assert found.message
        assert found.remedy
        assert 1 <= found.span.column <= len(found.source) + 1
        assert found.span.length == 1 or found.span.column + found.span.length <= len(found.source) + 1


def test_a_file_is_read_under_the_name_that_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "connector.yaml"
    path.write_text("имя: значение\n", encoding="utf-8")
    assert read_file(path).root == {"имя": "значение"}
    assert read_file(path).file == str(path)
    assert str(read_file(path, "here.yaml").root.key_span("имя")) == "here.yaml:1:1"


def failing(path: Path) -> tuple[str, str, str]:
    with pytest.raises(ConfigError) as caught:
        read_file(path, "f.yaml")
    (found,) = caught.value.diagnostics
    return found.code, str(found.span), found.message


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.yaml"
    path.touch()
    os.truncate(path, 1 << 40)
    monkeypatch.delattr(Path, "open")
    assert failing(path)[:2] == ("yaml-too-large", "f.yaml:1:1")


def test_what_is_no_file_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, said in (
        ("none.yaml", "No such file"),
        (".", "no file"),
        ("pipe", "no file"),
        ("loop", "symbolic links"),
    ):
        code, place, message = failing(tmp_path / name)
        assert (code, place) == ("yaml-file", "f.yaml:1:1")
        assert said in message
    assert failing(Path("a\0b"))[0] == "yaml-file"
