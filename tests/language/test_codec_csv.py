"""CSV: rows become objects of texts."""

from typing import Any

import pytest

from engine.language.codec.charset import CodecError
from engine.language.codec.csv import decode_csv


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a,b\n", []),
        ("a,b\r\n1,2\r\n\r\n3,\r\n", [{"a": "1", "b": "2"}, {"a": "3", "b": ""}]),
        ("a;b\n1,5;2", [{"a": "1,5", "b": "2"}]),
        ("a\tb\n1;2\t3", [{"a": "1;2", "b": "3"}]),
        ('"a;b;c",d\n"x ""y""","1\n2"\n', [{"a;b;c": 'x "y"', "d": "1\n2"}]),
        ("a,b\n1\n", [{"a": "1"}]),
        ("a,b,,\n1,2,3,\n", [{"a": "1", "b": "2"}]),
        ("name\n Иван \n", [{"name": " Иван "}]),
    ],
)
def test_rows_become_objects(text: str, expected: Any) -> None:
    assert decode_csv(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,a\n1,2", "two columns of one name"),
        ("a,b\n1,2\n1,2,3", r"more cells than names \(line 3\)"),
        ('a,b\n"1"2,3', r"is not CSV: .* \(line 2\)"),
        ('a\n"1', "is not CSV"),
        ("a\n" + "x" * 131_073, "is not CSV: field larger"),
        ("a,b\n" + "1,2\n" * 50_001, "more than 100,000 cells"),
    ],
)
def test_what_is_not_such_rows_is_refused(text: str, said: str) -> None:
    with pytest.raises(CodecError, match=said):
        decode_csv(text)


def test_as_many_cells_as_json_has_values_are_read() -> None:
    assert len(decode_csv("a,b\n" + "1,2\n" * 50_000)) == 50_000
