"""What `check` says of credentials: who signs an operation, whose token it is, where it may lead."""

import pytest

from engine.authoring.files import check_document
from engine.document import read_text
from engine.errors import ConfigError, Diagnostic

TEXT = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A system
settings: {url: url, key: secret}
connection:
  BASE
  auth: AUTH
operations:
  get: OPERATION
"""
BASE = 'base_url: "{{ settings.url }}"'
GET = "request: {method: GET, path: /x}, output: body"
OAUTH = 'type: oauth2, token_url: "https://t.example/t", client_id: a, grant: '
APP = f"{{{OAUTH}client_credentials}}"
SEEDED = f"{{{OAUTH}refresh_token, seed: {{code: c}}}}"
CLIENT = f"{{{OAUTH}authorization_code, subject: '{{{{ input.who }}}}'}}"
JOIN = "input: {who: string, code: secret}, authorise: {auth: AUTH, code: '{{ input.code }}'}, output: {ok: true}"


def problems(auth: str, operation: str, base: str = BASE) -> list[Diagnostic]:
    text = TEXT.replace("BASE", base).replace("AUTH", auth, 1).replace("OPERATION", f"{{{operation}}}")
    try:
        check_document(read_text(text, "connector.yaml"))
    except ConfigError as error:
        return error.diagnostics
    return []


BOTH = f"{{app: {APP}, client: {CLIENT}}}"
RIGHT = {
    "the only one": (APP, GET),
    "the only one of those with names": (f"{{app: {APP}}}", GET),
    "one of two": (BOTH, f"auth: app, {GET}"),
    "a client's": (BOTH, f"auth: client, input: {{who: string}}, {GET}"),
    "whose it is, said by the operation": (
        BOTH,
        f"auth: client, input: {{a: string, who: string}}, subject: '{{{{ input.a }}}}', {GET}",
    ),
    "a code": (BOTH, JOIN.replace("AUTH", "client")),
    "what it brings": (BOTH, "auth: app, request: {method: GET, path: '/x/{{ auth.access_token }}'}"),
}


@pytest.mark.parametrize(("auth", "operation"), RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_has_no_problem(auth: str, operation: str) -> None:
    assert problems(auth, operation) == []


WRONG = {
    "none of two": (BOTH, GET, "missing-key", "the credentials `app`, `client`"),
    "a typo": (BOTH, f"auth: clent, {GET}", "unknown-credential", "did you mean `client`?"),
    "a name for the only one": (APP, f"auth: app, {GET}", "unknown-credential", "take it out"),
    "an empty name": (APP, f"auth: '', {GET}", "unknown-credential", "take it out"),
    "a code for an app": (BOTH, JOIN.replace("AUTH", "app"), "wrong-value", "grant: authorization_code"),
    "a code for nobody": (BOTH, JOIN.replace("AUTH", "cleint"), "unknown-credential", "client"),
    "a code beside a request": (BOTH, JOIN.replace("AUTH", "client") + f", {GET[:38]}", "one-of", "keep one"),
    "whose key": ("{type: bearer, token: t}", f"subject: x, {GET}", "wrong-value", "`oauth2`"),
    "everybody's seed": (SEEDED, f"subject: x, {GET}", "wrong-value", "`seed`"),
    "a name that the input has not": (
        BOTH,
        f"auth: client, subject: '{{{{ input.whom }}}}', {GET}",
        "unknown-member",
        "whom",
    ),
    "what only another brings": (
        f"{{app: {{type: bearer, token: t}}, client: {APP}}}",
        "auth: app, request: {method: GET, path: '/x/{{ auth.access_token }}'}",
        "unknown-member",
        "access_token",
    ),
}


@pytest.mark.parametrize(("auth", "operation", "code", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told(auth: str, operation: str, code: str, says: str) -> None:
    found = [one for one in problems(auth, operation) if one.code == code]
    assert found
    assert says in f"{found[0].message} {found[0].remedy}"


LOGIN = "{type: login, requests: [{method: GET, path: /login}], capture: {base: body.url}}"
CAPTURED = 'hosts: ["*.crm.example"]\n  base_url: "https://{{ auth.base }}/v1"'


@pytest.mark.parametrize(
    ("auth", "base", "codes"),
    [
        (f"{{{OAUTH}client_credentials, capture: {{base: body.url}}}}", CAPTURED, set()),
        (f"{{{OAUTH}client_credentials, capture: {{base: body.url}}}}", CAPTURED.partition("\n  ")[2], {"missing-key"}),
        (LOGIN, CAPTURED, {"wrong-value"}),
        (APP, CAPTURED, {"unknown-member"}),
        ("{type: bearer, token: t}", CAPTURED, {"unknown-name"}),
        (f"{{a: {APP}, b: {{type: none}}}}", CAPTURED, {"missing-key", "unknown-name"}),
    ],
)
def test_an_address_that_a_token_brings(auth: str, base: str, codes: set[str]) -> None:
    assert {problem.code for problem in problems(auth, GET, base)} == codes


@pytest.mark.parametrize(
    ("tls", "code"), [("{cert: a, key: b}", None), ("{cert: a}", "missing-key"), ("{key: a}", "missing-key")]
)
def test_a_certificate_has_its_key(tls: str, code: str | None) -> None:
    found = problems(APP, GET, f"{BASE}\n  tls: {tls}")
    assert [problem.code for problem in found] == ([code] if code else [])
