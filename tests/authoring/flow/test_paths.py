"""The nearest path of a sample, and which names of it are told."""

import pytest

from engine.authoring.flow.paths import nearest_path, paths_in, spelled

CLIENT = {"data": {"client": {"phones": [{"value": "1"}], "full_name": "A", "validation-errors": []}}, "meta": {}}


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("data.phones.value", "data.client.phones[0].value"),
        ("client.fulname", "data.client.full_name"),
        ("data.client.FullName", "data.client.full_name"),
        ("data.klient.phones", "data.client.phones"),
        ("wrong.phones", "data.client.phones"),
        ("data.client.validation_errors", 'data.client."validation-errors"'),
        ("data.client.phones.value", "data.client.phones[0].value"),
    ],
)
def test_the_nearest_has_its_names_in_order(wanted: str, near: str) -> None:
    found = nearest_path(tuple(wanted.split(".")), paths_in(CLIENT))
    assert found is not None
    assert spelled(found) == near


@pytest.mark.parametrize("wanted", ["x", "meta.total", "legalForm.value", "some.other.phones", "data.client.name.of"])
def test_what_nothing_is_like_has_none(wanted: str) -> None:
    assert nearest_path(tuple(wanted.split(".")), paths_in(CLIENT)) is None


def test_what_may_be_a_value_is_no_name() -> None:
    known = paths_in({"+79001234567": 1, "Ivan Petrov": {"a": 1}, "a@b.example": 1, "x" * 41: 1, "ИНН": 1, "_id": 2})
    assert list(known) == [("ИНН",), ("_id",)]


def test_so_many_places_are_looked_at() -> None:
    deep: dict[str, object] = {}
    for _ in range(50):
        deep = {"a": deep, "b": [deep] * 50}
    assert max(map(len, paths_in(deep))) <= 8
    assert len(paths_in({f"a{n}": n for n in range(5000)})) == 999
