"""What a later version brings is refused by its name, once, without mistakes that only follow from it."""

import pytest

from engine.authoring.files import check_document
from engine.document import read_text
from engine.errors import ConfigError

HEAD = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A system
settings: {url: url, key: secret}
"""
PLAIN = 'connection: {base_url: "{{ settings.url }}"}\n'
GET = "operations: {get: {request: {method: GET, path: /x}, output: {id: body.id}}}\n"

COMING = {
    "endpoints": PLAIN + GET + "endpoints: {find: {method: POST, path: /in, call: identity}}\n",
}


@pytest.mark.parametrize("text", COMING.values(), ids=COMING.keys())
def test_only_the_name_of_what_is_coming_is_said(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_document(read_text(HEAD + text, "connector.yaml"))
    said = [(problem.code, problem.message) for problem in refused.value.diagnostics]
    assert {code for code, _ in said} == {"not-yet"}, said
    assert all("comes with a later version" in message for _, message in said)
    places = [problem.span for problem in refused.value.diagnostics]
    assert len(places) == len(set(places))
