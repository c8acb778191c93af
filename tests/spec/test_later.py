"""What the language names and a later version brings is read, and refused by its name."""

from pathlib import Path

import pytest

from engine.document import read_text
from engine.errors import ConfigError
from engine.runtime.registry import load
from engine.spec.files import check_document

CONNECTOR = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A system
settings: {url: url, key: secret}
connection:
  base_url: "{{ settings.url }}"
  %s
%s
operations:
  find:
    %s
    output: body
"""
REQUEST = "request: {method: GET, path: /x%s}"
PROJECT = """\
projects:
  p:
    connections:
      crm: {connector: crm, settings: {url: "https://crm.example", key: x}%s}
    %s
"""


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as found:
        check_document(read_text(text, "connector.yaml"))
    return [(p.code, p.message) for p in found.value.diagnostics]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("limits", "limits: {rate: 7/s}"),
        ("retry", "retry: {attempts: 3}"),
        ("breaker", "breaker: {failures: 5}"),
        ("cache", "cache: 10m"),
        ("oauth1", "auth: {type: oauth1}"),
        ("oauth2", "auth: {type: oauth2, grant: client_credentials}"),
        ("login", "auth: {type: login}"),
        ("hmac", "auth: {type: hmac}"),
        ("http_signature", "auth: {type: http_signature}"),
        ("cert", "tls: {cert: a.pem}"),
    ],
)
def test_of_a_connection(name: str, written: str) -> None:
    told = problems(CONNECTOR % (written, "", REQUEST % ""))
    assert [code for code, _ in told] == ["not-yet"], told
    assert f"`{name}`" in told[0][1]
    assert "comes with a later version" in told[0][1]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("steps", "steps: {a: {request: {method: GET, path: /x}}}"),
        ("authorise", "authorise: {auth: client, code: x}"),
        ("paging", REQUEST % "" + "\n    paging: {type: page, start: 1}"),
        ("limits", REQUEST % "" + "\n    limits: {rate: 1/s}"),
        ("challenge", REQUEST % "" + "\n    challenge: {when: body.more, kind: sms, prompt: {ru: Код, en: Code}}"),
        ("subject", REQUEST % "" + '\n    subject: "{{ input.client_key }}"'),
        ("multipart", REQUEST % ", multipart: {a: b}"),
        ("xml", REQUEST % ", xml: {a: b}"),
        ("soap", REQUEST % ", soap: {body: {a: b}}"),
        ("graphql", REQUEST % ", graphql: {query: q}"),
    ],
)
def test_of_an_operation(name: str, written: str) -> None:
    told = problems(CONNECTOR % ("", "", written))
    assert ("not-yet", f"`{name}`: comes with a later version") in told, told
    assert {code for code, _ in told} == {"not-yet"}


@pytest.mark.parametrize("name", ["endpoints", "inbound"])
def test_of_a_connector(name: str) -> None:
    assert problems(CONNECTOR % ("", f"{name}: {{}}", REQUEST % "")) == [
        ("not-yet", f"`{name}`: comes with a later version")
    ]


@pytest.mark.parametrize(
    ("name", "of_connection", "of_project"),
    [
        ("limits", ", limits: {rate: 1/s}", ""),
        ("retry", ", retry: {attempts: 3}", ""),
        ("cache", ", cache: 10m", ""),
        ("first_of", "", "capabilities: {identity: {first_of: [crm]}}"),
        ("merge", "", "capabilities: {card: {merge: [crm]}}"),
        ("keys_of", "", "keys_of: {crm: {from: crm.card, call: crm.find, key: output}}"),
        ("channels", "", "channels: {site: {identify_by: [phone]}}"),
        ("flows", "", "flows: {}"),
        ("inbound", "", "inbound: {root: true}"),
        ("embed", "", "embed: {chat_origin: https://chat.example}"),
        ("managers", "", "capabilities: {managers: {from: crm, every: 15m}}"),
        ("events", "", "capabilities: {events: {from: crm, to: [crm]}}"),
    ],
)
def test_of_a_project(tmp_path: Path, name: str, of_connection: str, of_project: str) -> None:
    folder = tmp_path / "connectors" / "crm"
    folder.mkdir(parents=True)
    (folder / "connector.yaml").write_text(CONNECTOR % ("", "", REQUEST % ""), encoding="utf-8")
    file = tmp_path / "tolmach.yaml"
    file.write_text(PROJECT % (of_connection, of_project), encoding="utf-8")
    with pytest.raises(ConfigError) as found:
        load(file, (), {})
    told = [p.message for p in found.value.diagnostics if p.code == "not-yet"]
    assert any(f"`{name}`: comes with a later version" in message for message in told), told
