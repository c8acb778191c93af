"""The guard from the outside: through the Gate, on every wire, with an ear at the socket (faults.md 129 to 136)."""

from ipaddress import ip_network

import pytest

from engine.settings.clock import SystemClock
from engine.transport.gate import Gate
from engine.transport.guard import Reach, guarded_resolve
from tests.transport.audit import answer, audit, no_connects
from tests.transport.conftest import IDS, PATIENT, Open, get, post
from tests.transport.forms import FORMS, LITERAL, SCHEMES
from tests.transport.hostile import always, response, upstream
from tests.transport.test_gate import answered, refused, trip

URLS = [*(f"{scheme}://{form}/" for form in FORMS for scheme in ("http", "https")), *SCHEMES]


def gate_to(open_: Open, *hosts: str, allow: tuple[str, ...] = ()) -> Gate:
    reach = Reach(hosts, tuple(ip_network(one) for one in allow), insecure=True)
    return Gate(open_(guarded_resolve(reach)), reach, SystemClock(), IDS, "crm", PATIENT)


def soon() -> float:
    return SystemClock().monotonic() + 5


def test_there_are_enough_forms() -> None:
    assert len(set(FORMS)) >= 60


async def test_no_form_of_a_forbidden_address_is_reached(open_: Open) -> None:
    """Even where the connector declares the very host: not one connection, not one name looked up."""
    with audit() as heard:
        for url in URLS:
            authority = url.partition("://")[2].partition("/")[0]
            error = await refused(gate_to(open_, authority, "crm.example"), trip(post(url), soon()))
            assert (error.code, heard.connects, heard.names) == ("blocked_host", [], []), url


async def test_no_form_is_reached_by_an_address_that_is_made_at_run_time(open_: Open) -> None:
    """A captured base URL, a signed request, a link to the next page: what counts is the address that would be used."""
    gate = gate_to(open_, "crm.example", allow=("0.0.0.0/0", "::/0"))
    with audit() as heard:
        for url in [*URLS, "https://evil.example/", "https://crm.example:8443/", "https://crm.example.evil.example/"]:
            one = trip(post("https://crm.example/"), soon(), sign=lambda request, url=url: request._replace(url=url))
            assert ((await refused(gate, one)).code, heard.connects, heard.names) == ("blocked_host", [], []), url


@pytest.mark.parametrize("name", ["localhost", "localhost.", "LOCALHOST", "ip6-localhost", "localhost.localdomain"])
async def test_a_name_of_this_machine_is_looked_up_and_not_reached(open_: Open, name: str) -> None:
    """Not every machine knows each of them."""
    with audit() as heard:
        error = await refused(gate_to(open_, name), trip(post(f"http://{name}/"), soon()))
    assert error.code == "blocked_host" or "cannot be resolved" in (error.detail or "")
    assert heard.connects == []


async def test_no_name_leads_to_a_forbidden_address(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gate_to(open_, "crm.example")
    with no_connects():
        for form in LITERAL:
            for addresses in ([form], ["8.8.8.8", form], [form, "8.8.8.8"]):
                monkeypatch.setattr("socket.getaddrinfo", answer(*(one.strip("[]") for one in addresses)))
                assert (await refused(gate, trip(post("https://crm.example/"), soon()))).code == "blocked_host", form


async def test_the_connection_goes_to_the_address_that_was_checked(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: each connection looks the name up once, and what it checked is where it goes."""
    answers = iter(["8.8.8.8", "169.254.169.254", "8.8.4.4", "127.0.0.1"])
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answer(next(answers))("", 0))
    gate = gate_to(open_, "crm.example")
    with audit() as heard:
        codes = [(await refused(gate, trip(post("https://crm.example/"), soon()))).code for _ in range(4)]
    assert codes == ["upstream_unavailable", "blocked_host"] * 2
    assert [address[:2] for address in heard.connects] == [("8.8.8.8", 443), ("8.8.4.4", 443)]


async def test_a_kept_connection_outlives_what_its_name_says_now(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", answer("127.0.0.1"))
    async with upstream(always(response(b"ok"))) as server:
        gate = gate_to(open_, f"crm.example:{server.port}", allow=("127.0.0.1/32",))
        with audit() as heard:
            await gate.send(trip(get(server.url(host="crm.example")), soon()))
            monkeypatch.setattr("socket.getaddrinfo", answer("169.254.169.254"))
            await gate.send(trip(get(server.url(host="crm.example")), soon()))
        assert (heard.connects, server.connections) == ([("127.0.0.1", server.port)], 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_metadata_is_not_followed(open_: Open, status: int) -> None:
    answers = response(b"", "Location: http://169.254.169.254/latest/meta-data/", status=f"{status} Moved")
    async with upstream(always(answers)) as server:
        gate = gate_to(open_, f"127.0.0.1:{server.port}", "169.254.169.254", allow=("0.0.0.0/0",))
        with audit() as heard:
            assert (await answered(gate, trip(get(server.url()), soon()))).status == status
        assert (heard.connects, heard.names) == ([("127.0.0.1", server.port)], [])
