"""A credential as a connector writes it, and what its requests become when somebody answers them."""

from datetime import UTC, datetime
from typing import Any

from engine.document import read_text
from engine.errors import ConfigError, Diagnostic
from engine.spec.auth.credentials import Auth
from engine.spec.auth.login import Login
from engine.spec.auth.oauth2 import OAuth2
from engine.spec.auth.signature import Moment
from engine.spec.auth.token import Asking, Granted, Source
from engine.spec.connector import Connector, connector_of
from engine.spec.request import Base
from engine.spec.trip import Rendered, Reply

HEAD = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A system
settings: {id: string, n: integer, key: secret, pin: secret, first?: secret, code?: secret}
connection:
  base_url: https://crm.example/base
  hosts: ["*.crm.example"]
  auth: AUTH
operations:
  get: {request: {method: GET, path: /x}, output: body}
"""
APP = '{type: oauth2, token_url: "https://login.crm.example/token", grant: '
SETTINGS = {"id": "me", "n": 7, "key": "k3y", "pin": "p1n"}
MOMENT = Moment(lambda: datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC), lambda: "0f0e0d0c-0b0a-4908-8706-050403020100")
"""1772366400 in seconds since 1970."""


def connector(auth: str) -> Connector:
    """Raises ConfigError."""
    return connector_of(read_text(HEAD.replace("AUTH", auth), "connector.yaml")).connector


def problems(auth: str) -> list[Diagnostic]:
    """What `check` says of it."""
    try:
        connector(auth)
    except ConfigError as error:
        return error.diagnostics
    return []


def credential(auth: str) -> Auth:
    """The only one."""
    return connector(auth).connection.credentials[""]


def signed(auth: str, rendered: Rendered, **more: Any) -> Rendered:
    """A request as it goes out."""
    return credential(auth).prepare({"settings": SETTINGS, "input": {}, **more}).sign(rendered, MOMENT)


def source(auth: str, **settings: Any) -> Source:
    """Where its values come from."""
    found = credential(auth)
    assert isinstance(found, OAuth2 | Login)
    return found.source("crm", {"settings": SETTINGS | settings}, Base("https://crm.example/base"))


def answered(asking: Asking, *replies: Reply) -> tuple[list[Rendered], Granted]:
    """The requests, and what came of the answers."""
    asked, left = [next(asking)], list(replies)
    while left:
        try:
            asked.append(asking.send(left.pop(0)))
        except StopIteration as done:
            return asked, done.value
    raise AssertionError("there are more requests than answers")


def says(body: bytes | str = b"", status: int = 200, cookies: dict[str, str] | None = None, **headers: str) -> Reply:
    """An answer in JSON."""
    data = body.encode() if isinstance(body, str) else body
    return Reply(status, {"content-type": "application/json"} | headers, data, cookies or {})
