"""A mistake in one place hides none in another: every problem is found at once."""

import pytest

from engine.authoring.files import check_document
from engine.document import read_text
from engine.errors import ConfigError

RIGHT = {
    "version": '"1.0"',
    "title": "A system",
    "settings": "{key: secret, other: secret}",
    "connection": '{base_url: "https://a.example", auth: {type: bearer, token: "{{ settings.key }}", expose: [key]}}',
}
OPERATIONS = """\
operations:
  get:
    request: {method: POST, path: "/x/{{ inptu.id }}", json: {k: "{{ settings.key }}", l: "{{ settings.other }}"}}
    output: {id: bdy.id}
"""
BELOW = [("unknown-name", "`inptu`"), ("secret-misplaced", "`settings.other`"), ("unknown-name", "`bdy`")]
WRONG = {
    "a number for a version": ({"version": "1.10"}, ["wrong-type"], BELOW),
    "no title": ({"title": ""}, ["wrong-type"], BELOW),
    "a key that does not exist": ({"retires": "3"}, ["unknown-key"], BELOW),
    "a duration without a unit": (
        {"connection": RIGHT["connection"][:-1] + ", timeout: {total: 5}}"},
        ["wrong-duration"],
        BELOW,
    ),
    "a login without its requests, and a wrong time": (
        {"connection": '{base_url: "https://a.example", auth: {type: login, expose: [key]}, timeout: {total: 5}}'},
        ["missing-key", "wrong-duration"],
        BELOW,
    ),
    "a setting of no type": ({"settings": "{key: secrt, other: secret}"}, ["wrong-value"], [BELOW[0], BELOW[2]]),
    "all of it": (
        {"version": "1.10", "connection": "3", "settings": "{key: secrt, other: secret}"},
        ["wrong-type", "wrong-value", "wrong-type"],
        [BELOW[0], BELOW[2]],
    ),
}


@pytest.mark.parametrize(("change", "above", "below"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_above_hides_nothing_below(
    change: dict[str, str], above: list[str], below: list[tuple[str, str]]
) -> None:
    lines = "".join(f"{key}: {value}\n" for key, value in (RIGHT | change).items())
    with pytest.raises(ConfigError) as refused:
        check_document(read_text('connector: crm\nengine: ">=1.0"\n' + lines + OPERATIONS, "connector.yaml"))
    found = refused.value.diagnostics
    assert sorted(one.code for one in found) == sorted([*above, *(code for code, _ in below)])
    assert all(any(one.code == code and name in one.message for one in found) for code, name in below)
