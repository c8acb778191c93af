"""Broken YAML: each cause has its place, its words and a remedy that makes the file readable."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.document.found import only, problems

CASES = [
    # tabs
    ("a:\n  b: 1\n\tc: 2", "3:1", "a tab", "a:\n  b: 1\n  c: 2"),
    ("a:\n\t- b", "2:1", "a tab", "a:\n  - b"),
    ("\ta: b", "1:1", "a tab", "  a: b"),
    ("a: |\n  one\n\ttwo", "3:1", "a tab", "a: |\n  one\n  two"),
    # characters that begin no value
    ("a: @", "1:4", "`@` cannot begin", "a: '@'"),
    ("a: @.b", "1:4", "`@` cannot begin", "a: '@.b'"),
    ("a: [b, @c]", "1:8", "`@` cannot begin", "a: [b, '@c']"),
    ("a: `1`", "1:4", "a backtick cannot begin", "a: '`1`'"),
    ("a: {when: `true`}", "1:11", "a backtick cannot begin", "a: {when: '`true`'}"),
    ("a: %d", "1:4", "`%` cannot begin", "a: '%d'"),
    ("a: ? b", "1:4", "`?` cannot begin", "a: '? b'"),
    ("a: ]", "1:4", "`]` cannot begin", "a: ']'"),
    ("a: , b", "1:4", "`,` cannot begin", "a: ', b'"),
    ("a: [, b]", "1:5", "`,` cannot begin", "a: [b]"),
    ("a: [- b]", "1:5", "`-` cannot begin", "a: ['- b']"),
    ("a: >=1.0", "1:4", "begins a block", "a: '>=1.0'"),
    ("a: |x", "1:4", "begins a block", "a: '|x'"),
    ("a: *", "1:4", "alias or anchor", "a: '*'"),
    ("a: *.b", "1:4", "alias or anchor", "a: '*.b'"),
    ("a: & b", "1:4", "alias or anchor", "a: '& b'"),
    ("a: [*].b", "1:5", "alias or anchor", "a: '[*].b'"),
    # templates
    ('a: {{ "x }}', "1:4", "a template without quotes", "a: '{{ \"x }}'"),
    ("a:\n  - b\n  - {{ 'x }}", "3:5", "a template without quotes", 'a:\n  - b\n  - "{{ \'x }}"'),
    ("a: {b: {{ 'x }}", "1:8", "a template without quotes", 'a: {b: "{{ \'x }}"}'),
    # what follows a closing quote or bracket
    ("a: 'x' || 'y'", "1:8", "follows the closing quote", "a: \"'x' || 'y'\""),
    ("a: 'x' == b", "1:8", "follows the closing quote", "a: \"'x' == b\""),
    ("a: {when: 'x' == b}", "1:15", "follows the closing quote", "a: {when: \"'x' == b\"}"),
    ("a: 'it's'", "1:8", "follows the closing quote", "a: 'it''s'"),
    ('a: "say "hi""', "1:10", "follows the closing quote", "a: 'say \"hi\"'"),
    ('a: "{{ x }}"/b', "1:13", "follows the closing quote", 'a: "{{ x }}/b"'),
    ("a: [0].id", "1:7", "follows the closing bracket", "a: '[0].id'"),
    ("a: {b: c} d", "1:11", "follows the closing bracket", "a: '{b: c} d'"),
    ('a: "x: {{ y }}" z', "1:17", "follows the closing quote", 'a: "x: {{ y }} z"'),
    ("- [a] b", "1:7", "follows the closing bracket", "- '[a] b'"),
    # quotes
    ("a: 'x\nb: 2\n", "1:4", "is not closed", "a: 'x'\nb: 2\n"),
    ('a: {b: "x, c: d}\ne: f', "1:8", "is not closed", 'a: {b: "x", c: d}\ne: f'),
    ('a: "b\n---\nc"', "1:4", "is not closed", 'a: "b"'),
    ("a: 'x\nb: 'y'\n", "1:4", "closed on another line", "a: 'x'\nb: 'y'\n"),
    ('a: "\\d+"', "1:5", "a backslash", "a: '\\d+'"),
    ('a: "\\xZZ"', "1:7", "a backslash", 'a: "\\\\xZZ"'),
    ('a: "\\ud83d\\ude00"', "1:7", "half a character", "a: '\U0001f600'"),
    # colons
    ("a: b: c", "1:5", "no key can begin", "a: 'b: c'"),
    ("a: 'b': c", "1:7", "no key can begin", "a: {'b': c}"),
    ("a:b\nc: d", "1:2", "no space after `:`", "a: b\nc: d"),
    ("x: 1\na:b\nc: 2", "2:2", "no space after `:`", "x: 1\na: b\nc: 2"),
    ("a: {b:}", "1:5", "no space after `:`", "a: {b: }"),
    ("a: {b:1}", "1:5", "no space after `:`", "a: {b: 1}"),
    ("a: 1\n  b: 2", "2:4", "inside the value above", "a: 1\nb: 2"),
    ("a:\n- b\n  c: d", "3:4", "inside the value above", "a:\n- b\n- c: d"),
    ("a: 1\nfoo\nb: 2", "2:1", "a line without `key:`", "a: 1\nfoo: \nb: 2"),
    ("a: |\n  foo\nbar", "3:1", "a line without `key:`", "a: |\n  foo\n  bar"),
    ("a: 1\n: b", "2:1", "a key is missing", "a: 1\nc: b"),
    ("a: {: b}", "1:5", "a key is missing", "a: {c: b}"),
    ("'a' b: c", "1:5", "where a `:` should", "'a b': c"),
    # lists
    ("a: - b", "1:4", "on the line of its key", "a: [b]"),
    ("- a\n-b\n", "2:1", "no space after `-`", "- a\n- b\n"),
    ("- a\nb: c", "2:1", "without `-`", "- a\n- b: c"),
    ("-\nb: c", "2:1", "without `-`", "-\n- b: c"),
    # brackets
    ("a: [1, 2", "1:4", "`[` is not closed", "a: [1, 2]"),
    ("a: [", "1:4", "`[` is not closed", "a: []"),
    ("a: {b: 1\nc: 2\n", "1:4", "`{` is not closed", "a: {b: 1}\nc: 2\n"),
    ("a: {b: c[0]}", "1:9", "`[` stands inside", "a: {b: 'c[0]'}"),
    ("a: {b: f({c: d})}", "1:10", "`{` stands inside", "a: {b: 'f({c: d})'}"),
    ("a: {b: c d: e}", "1:11", "comma or `}`", "a: {b: 'c d: e'}"),
    ("a: [b} c]", "1:6", "comma or `]`", "a: ['b} c']"),
    # indentation
    ("a:\n   b: 1\n  c: 2", "3:3", "aligned with nothing", "a:\n   b: 1\n   c: 2"),
    ("a:\n  - b\n - c", "3:2", "aligned with nothing", "a:\n  - b\n  - c"),
    ("a: {b: c}\n  d: e", "2:3", "aligned with nothing", "a: {b: c}\nd: e"),
    # the end
    ("{a: 1} b", "1:8", "end of the document", "{a: 1}"),
    ("a: 1\n...\nb: 2", "3:1", "end of the document", "a: 1\nb: 2"),
]


@pytest.mark.parametrize(("text", "place", "said", "remedied"), CASES, ids=[case[0] for case in CASES])
def test_broken_yaml_is_explained(text: str, place: str, said: str, remedied: str) -> None:
    found = only(text)
    assert (found.code, str(found.span)) == ("yaml-syntax", f"f.yaml:{place}")
    assert said in found.message
    assert found.remedy
    assert problems(remedied) == []


@pytest.mark.parametrize("text", ["a: !a[0]", "a: !x!y z", "a: !<b c", "a: !x!"])
def test_broken_tags_are_called_tags(text: str) -> None:
    found = only(text)
    assert (found.code, str(found.span)) == ("yaml-tag", "f.yaml:1:4")


def test_the_parsers_own_words_are_not_shown() -> None:
    for text, *_ in CASES:
        found = only(text)
        assert not re.search("scanning|parsing|token|did not find|unexpected|stream", found.message + found.remedy)


@pytest.mark.parametrize("text", ["a: {{ x }", "a: {{ x }}/b", "a: {{ x[0] }}", "- {{ x }} y", "a: {b: {{ x }}/c}"])
def test_what_follows_an_unquoted_template_is_not_reported_again(text: str) -> None:
    assert only(text).code == "key-not-text"


def test_problems_before_the_break_are_reported_with_it() -> None:
    assert [found.code for found in problems("a: yes\nb: {c: no, d: e[0]}\nf: 0123")] == [
        "ambiguous-boolean",
        "ambiguous-boolean",
        "yaml-syntax",
    ]


@given(st.text("ab:-[]{}'\"|>#&*!%@`?,. \n\t", max_size=12))
def test_every_break_has_a_place_on_a_line_of_the_file(text: str) -> None:
    lines = text.split("\n")
    for found in problems(text):
        assert found.source == lines[found.span.line - 1]
        assert found.span.column <= len(found.source) + 1
