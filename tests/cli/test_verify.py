"""`tolmach verify`: what it tells of systems that work, refuse, forbid, are away, or have another clock."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.cli.terminal import Ended, Terminal
from tests.runtime.bench import add_broken, lay
from tests.upstream import Upstream

SECRET = "hunter2-of-the-crm"
OPERATIONS = """\
  verify: account
response:
  errors:
    - {when: body.echo, code: upstream_rejected, message: body.echo}
operations:
  account: {request: {method: GET, path: /account}, output: {id?: body.id}}
"""


def laid(
    folder: Path, url: str, rest: str = OPERATIONS, settings: str = f", key: {SECRET}", connection: str = ""
) -> Path:
    connection += 'auth: {type: bearer, token: "{{ settings.key }}"}\n'
    return lay(folder, rest, url, settings=settings, connection=connection)


def one(tolmach: Terminal, file: Path, *words: str) -> tuple[dict[str, Any], int]:
    ended = tolmach("verify", *words, "--file", file, "--output", "json")
    (found,) = ended.json
    return found, ended.code


def test_a_system_that_works(tolmach: Terminal, tmp_path: Path, system: Upstream) -> None:
    system.says({"id": 1})
    found, code = one(tolmach, laid(tmp_path, system.url))
    assert (code, found["reachable"], found["credentials"], found["rights"]) == (0, True, True, True)
    assert (found["project"], found["connection"], found["operation"], found["error"]) == ("p", "crm", "account", None)
    assert found["latency_ms"] > 0
    assert abs(found["skew_s"]) <= 1
    assert found["tls_days"] is None
    (asked,) = system.asked
    assert asked.headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("status", "credentials", "rights", "error"),
    [
        (401, False, None, "upstream_auth"),
        (403, True, False, "upstream_rejected"),
        (404, True, True, "not_found"),
        (500, None, None, "upstream_unavailable"),
        (429, None, None, "rate_limited"),
    ],
)
def test_a_system_that_refuses(
    tolmach: Terminal,
    tmp_path: Path,
    system: Upstream,
    status: int,
    credentials: bool | None,
    rights: bool | None,
    error: str,
) -> None:
    system.says({}, status)
    found, code = one(tolmach, laid(tmp_path, system.url))
    assert (code, found["reachable"], found["credentials"], found["rights"]) == (3, True, credentials, rights)
    assert found["error"]["code"] == error


def test_a_system_that_is_away(tolmach: Terminal, tmp_path: Path) -> None:
    found, code = one(tolmach, laid(tmp_path, "http://127.0.0.1:1"))
    assert (code, found["reachable"], found["credentials"], found["rights"]) == (3, False, None, None)
    assert (found["error"]["code"], found["latency_ms"]) == ("upstream_unavailable", None)


TOKEN = """\
auth:
  type: oauth2
  grant: client_credentials
  token_url: "{{ settings.url }}/token"
  client_id: chat
  client_secret: "{{ settings.key }}"
"""


def test_a_credential_that_is_refused_where_tokens_are_granted(
    tolmach: Terminal, tmp_path: Path, system: Upstream
) -> None:
    system.says({"error": "invalid_client"}, 401)
    file = lay(tmp_path, OPERATIONS, system.url, settings=f", key: {SECRET}", connection=TOKEN)
    found, code = one(tolmach, file)
    assert (code, found["reachable"], found["credentials"], found["rights"]) == (3, True, False, None)
    assert found["error"]["code"] == "upstream_auth"


def test_where_neither_address_nor_operation_is_known_nothing_is_said(
    tolmach: Terminal, tmp_path: Path, system: Upstream
) -> None:
    file = lay(tmp_path, OPERATIONS.replace("  verify: account\n", ""), system.url, connection=TOKEN)
    connector = tmp_path / "connectors" / "crm" / "connector.yaml"
    text = connector.read_text(encoding="utf-8").replace(
        'base_url: "{{ settings.url }}"', 'base_url: "{{ auth.base }}"\n  hosts: ["*.crm.example"]'
    )
    connector.write_text(text.replace("  client_id: chat", "  client_id: chat\n    capture: {base: body.base}"))
    file.write_text(file.read_text(encoding="utf-8").replace("'}", "', key: k}"), encoding="utf-8")
    found, _ = one(tolmach, file)
    assert (found["reachable"], found["credentials"], system.asked) == (None, None, [])


@pytest.mark.parametrize("ahead", [-3600, 90])
def test_another_clock(tolmach: Terminal, tmp_path: Path, system: Upstream, ahead: int) -> None:
    date = datetime.now(UTC) + timedelta(seconds=ahead)
    system.says({"id": 1}, headers={"Date": format_datetime(date, usegmt=True)})
    found, code = one(tolmach, laid(tmp_path, system.url))
    assert code == 0
    assert abs(found["skew_s"] - ahead) <= 1


def test_a_connector_without_a_verify_operation_is_only_reached(
    tolmach: Terminal, tmp_path: Path, system: Upstream
) -> None:
    rest = OPERATIONS.replace("  verify: account\n", "")
    found, code = one(tolmach, laid(tmp_path, system.url, rest))
    assert (code, found["operation"], found["reachable"], found["credentials"]) == (0, None, True, None)
    assert system.asked == []
    found, code = one(tolmach, laid(tmp_path, "http://127.0.0.1:1", rest))
    assert (code, found["reachable"], found["error"]["code"]) == (3, False, "upstream_unavailable")


def test_the_table(tolmach: Terminal, tmp_path: Path, system: Upstream) -> None:
    system.says({"echo": f"no {SECRET} for +7 916 867-53-09"}, 403)
    file = laid(tmp_path, system.url)
    add_broken(file)
    ended = tolmach("verify", "p", "--file", file)
    head, row = ended.out.splitlines()
    assert head.split("  ")[0] == "connection"
    assert row.split()[:4] == ["p.crm", "yes", "yes", "NO"]
    assert "upstream_rejected" in row
    assert ended.code == 3
    assert "p.old is out of service" in ended.err
    for canary in (SECRET, "867-53-09"):
        assert canary not in ended.out + ended.err


def test_a_project_that_is_not_there(tolmach: Terminal, tmp_path: Path, system: Upstream) -> None:
    ended = tolmach("verify", "q", "--file", laid(tmp_path, system.url))
    assert ended == Ended(2, "", "tolmach verify: there is no project `q`: write one of `p`\n")


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A system with TLS whose certificate ends in 41 days: its address and its authority's file."""
    ends = datetime.now(UTC) + timedelta(days=41, hours=1)
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", not_after=ends).configure_cert(context)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    listening, over = threading.Event(), threading.Event()
    ports: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # who only looks at the certificate breaks off
            if await reader.read(1):
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def hold() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
            ports.append(server.sockets[0].getsockname()[1])
            listening.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(hold(),))
    thread.start()
    assert listening.wait(10)
    yield f"https://127.0.0.1:{ports[0]}", file
    over.set()
    thread.join(10)


def test_the_end_of_the_certificate(tolmach: Terminal, tmp_path: Path, secure: tuple[str, Path]) -> None:
    url, authority = secure
    rest = OPERATIONS.replace("response:\n", "response:\n  empty_when: status == `204`\n")
    found, code = one(tolmach, laid(tmp_path, url, rest, connection=f'tls: {{ca: "{authority}"}}\n'))
    assert (code, found["tls_days"], found["reachable"]) == (0, 41, True)
    found, code = one(tolmach, laid(tmp_path, url, rest))
    assert (code, found["reachable"], found["tls_days"]) == (3, False, None)
    assert "certificate" in found["error"]["detail"]
