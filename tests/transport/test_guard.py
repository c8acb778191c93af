"""The SSRF guard (faults.md 129 to 136): which addresses are reached, in whatever spelling, and from which answers."""

import asyncio
import socket
import threading
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.transport.guard import Reach, guarded_resolve, range_kind, url_guard
from engine.transport.wire import WireError
from tests.transport.audit import answer, no_connects
from tests.transport.conftest import Open, failure, get, loopback
from tests.transport.hostile import OK, always, turns, upstream

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def refusal(url: str, reach: Reach) -> str:
    with pytest.raises(WireError) as caught:
        url_guard(reach)(url)
    assert (caught.value.code, caught.value.sent) == ("blocked_host", False)
    return caught.value.detail


KINDS = {
    "unspecified": "0.0.0.0 0.1.2.3 :: 2001::1",
    "loopback": "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::127.0.0.1 64:ff9b::127.0.0.1 "
    "64:ff9b::7f00:1 2002:7f00:1:: 2002:7f00:0001:1::1 ::ffff:0:127.0.0.1 2001:0:7f00:1::1",
    "private": "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fdff::1 ::ffff:10.0.0.1 "
    "64:ff9b::10.1.2.3 2002:a00:1::1 ::10.0.0.1 64:ff9b:1::1 2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "shared": "100.64.0.1 100.127.255.255 ::ffff:100.64.0.1",
    "link-local": "169.254.0.1 169.254.255.255 fe80::1 febf::1 fec0::1 ::ffff:169.254.1.1",
    "documentation": "192.0.2.1 198.51.100.7 203.0.113.9 2001:db8::1 3fff::1",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1 ::ffff:224.0.0.1",
    "reserved": "192.0.0.1 192.88.99.1 198.18.0.1 198.19.255.255 240.0.0.1 255.255.255.255 100::1 4000::1 "
    "5f00::1 1::1 fe00::1 2001:2::1 2001:10::1",
    "metadata": "169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254 "
    "::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1 ::169.254.169.254 ::ffff:0:a9fe:a9fe "
    "2001:0:a00:1::5601:5601",
}
ADDRESSES = [(kind, address) for kind, listed in KINDS.items() for address in listed.split()]
PUBLIC = (
    "8.8.8.8 1.1.1.1 93.184.216.34 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 11.0.0.1 2606:4700::1111 2a02:6b8::1"
)


@pytest.mark.parametrize(("kind", "address"), ADDRESSES)
def test_every_special_range_is_known(kind: str, address: str) -> None:
    assert range_kind(ip_address(address)) == kind


@pytest.mark.parametrize("address", [*PUBLIC.split(), "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"])
def test_the_open_internet_is_free(address: str) -> None:
    assert range_kind(ip_address(address)) is None


@given(st.ip_addresses())
def test_nothing_that_python_calls_special_passes(address: IPv4Address | IPv6Address) -> None:
    """Python's own list is shorter than ours, but for public addresses of IPv4 in the clothes of IPv6."""
    special = address.is_private or address.is_loopback or address.is_multicast or address.is_reserved
    assume(address.version == 4 or int(address) >> 96 not in (0, 0x0064FF9B))
    assert range_kind(address) or not special


async def test_every_special_address_is_refused_as_a_name_and_as_itself(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = open_(guarded_resolve(Reach(hosts=("*.example",))))
    with no_connects():
        for kind, address in ADDRESSES:
            literal = f"[{address}]" if ":" in address else address
            error = await failure(wire, get(f"https://{literal}/"))
            assert (error.code, error.sent) == ("blocked_host", False), address
            assert f"{kind} address" in error.detail
            monkeypatch.setattr(socket, "getaddrinfo", answer(address))
            error = await failure(wire, get("https://crm.example/"))
            assert (error.code, error.sent) == ("blocked_host", False), address
            assert f"crm.example is a {kind} address" in error.detail
            assert address not in error.detail
            monkeypatch.undo()


@pytest.mark.parametrize("bad", ["127.0.0.1", "169.254.169.254", "fe80::1%eth0", "::ffff:10.0.0.1"])
async def test_one_bad_address_among_good_ones_is_enough(
    open_: Open, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answer("8.8.8.8", bad))
    with no_connects():
        error = await failure(open_(guarded_resolve(Reach(hosts=()))), get("https://crm.example/"))
    assert error.code == "blocked_host"


async def test_a_name_that_changes_its_mind_is_checked_at_every_connect(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what was good for the first connection is not good for the second."""
    async with upstream(always(OK)) as good, upstream(always(OK)) as bad:
        answers = iter(["127.0.0.1", "127.0.0.2", "127.0.0.2"])
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer(next(answers))("", 0))
        wire = open_(guarded_resolve(Reach((), (ip_network("127.0.0.1/32"),))), keep_alive=0.0)
        assert (await wire.send(get(good.url(host="crm.example")))).body == b"ok"
        with no_connects():
            assert (await failure(wire, get(good.url(host="crm.example")))).code == "blocked_host"
            assert (await failure(wire, get(bad.url(host="crm.example")))).code == "blocked_host"
        assert (good.connections, bad.connections) == (1, 0)


async def test_metadata_is_refused_though_everything_is_allowed(open_: Open) -> None:
    wire = open_(guarded_resolve(Reach(("*",), EVERYTHING, insecure=True)))
    with no_connects():
        for address in KINDS["metadata"].split():
            literal = f"[{address}]" if ":" in address else address
            assert "is a metadata address" in (await failure(wire, get(f"http://{literal}/latest"))).detail


async def test_declared_networks_are_reached_and_no_others() -> None:
    resolve = guarded_resolve(Reach((), (ip_network("10.20.0.0/16"), ip_network("fd12::/16"))))
    for address in ("10.20.0.1", "::ffff:a14:ffff", "fd12::9", "8.8.8.8"):
        assert await resolve(address, 443) == [address]
    for address in ("10.21.0.1", "::ffff:10.21.0.1", "fd13::1", "127.0.0.1", "2001:0:a14:1::f5fe:fffe"):
        with pytest.raises(WireError, match=r"does not declare .*network: \{allow"):
            await resolve(address, 443)


async def test_addresses_come_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answer("8.8.8.8", "2606:4700::1", "8.8.8.8"))
    assert await guarded_resolve(Reach(()))("crm.example", 443) == ["8.8.8.8", "2606:4700::1"]


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL])
async def test_a_failed_look_up(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "why it failed")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(WireError, match=r"the name crm.example cannot be resolved \(why it failed\)") as caught:
        await guarded_resolve(Reach(()))("crm.example", 443)
    assert (caught.value.code, caught.value.sent) == ("upstream_unavailable", False)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_a_name_that_cannot_be_asked_for(host: str) -> None:
    with pytest.raises(WireError, match="cannot be resolved") as caught:
        await guarded_resolve(Reach(()))(host, 443)
    assert caught.value.code == "upstream_unavailable"


async def test_a_slow_look_up_blocks_nobody_and_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    asked: list[str] = []

    def slow(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        if host == "slow.example":
            gate.wait(5)
        return [(0, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    resolve = guarded_resolve(Reach(()))
    for _ in range(50):
        with suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                await resolve("slow.example", 443)
    waiting = [asyncio.ensure_future(resolve("slow.example", 443)) for _ in range(50)]
    assert await resolve("quick.example", 443) == ["8.8.8.8"]
    gate.set()
    assert await asyncio.gather(*waiting) == [["8.8.8.8"]] * 50
    await turns()
    assert await resolve("slow.example", 443) == ["8.8.8.8"]
    assert asked == ["slow.example", "quick.example", "slow.example"]


HOSTS = ("crm.example", "*.bank.example", "core.example:8443", "127.0.0.1", "[2606:4700::1]:9000")
ODD = ("127.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001", "127.0.0.01", "1", "localhost")
REACH = loopback(*HOSTS, *ODD, insecure=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example",
        "https://CRM.Example/a",
        "https://crm.example:443/a?b=%00#c",
        "https://a.bank.example/",
        "https://a.b.bank.example?x",
        "https://core.example:8443/",
        "https://127.0.0.1/",
        "HTTPS://crm.example/",
        "https://[2606:4700::1]:9000/x",
        "https://[2606:4700:0::1]:9000/x",
    ],
)
def test_declared_addresses_pass(url: str) -> None:
    url_guard(REACH)(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://crm.example.evil.example/",
        "https://evilcrm.example/",
        "https://bank.example/",
        "https://evilbank.example/",
        "https://.bank.example/",
        "https://crm.example./",
        "https://crm.example:8443/",
        "https://crm.example:80/",
        "https://crm.example:0/",
        "https://crm.example:99999/",
        "https://crm.example:/",
        "https://crm.example:4_43/",
        "https://crm.example:+443/",
        "https://core.example/",
        "https://core.example:443/",
        "https://crm.example:22/",
        "https://crm.example:25/",
        "https://crm.example:6379/",
        "http://crm.example/",
        "http://crm.example:443/",
        "ftp://crm.example/",
        "file:///etc/passwd",
        "gopher://crm.example/_x",
        "data:text/plain,x",
        "//crm.example/",
        "/api",
        "crm.example/api",
        "",
        "https:/crm.example/",
        "https:crm.example",
        "https://",
        "https:///api",
        "https://?x",
        "https://a@crm.example/",
        "https://crm.example@evil.example/",
        "https://evil.example@crm.example/",
        "https://a:b@crm.example/",
        "https://@crm.example/",
        "https://crm.example\\@evil.example/",
        "https:\\\\crm.example\\",
        "https://crm.example\\.evil.example/",
        "https://crm.example/a\\b",
        "https://crm.example%00.evil.example/",
        "https://crm.example/%00",
        "https://crm%2eexample/",
        "https://%63rm.example/",
        "https://crm.example /",
        " https://crm.example/",
        "https://crm.example/a b",
        "https://crm.example/\r\nHost: evil.example",
        "https://crm.example/\t",
        "https://crm.example\n.evil.example/",
        "https://crm.example\0/",
        "https://crm.example/Имя",
        "https://сrm.example/",
        "https://crm。example/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://0x7F000001./",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.0.0.01/",
        "https://1/",
        "https://127.0.0.1./",
        "https://localhost./",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[2606:4700::1]/",
        "https://[2606:4700::1/",
        "https://2606:4700::1/",
        "https://[127.0.0.1]/",
        "https://[crm.example]/",
    ],
)
async def test_everything_else_is_refused(url: str) -> None:
    with no_connects():
        assert refusal(url, REACH)
        with pytest.raises(WireError):
            url_guard(REACH)(url)


def test_http_needs_a_word_of_the_deployment() -> None:
    url_guard(loopback("crm.example"))("http://crm.example/")
    url_guard(loopback("crm.example"))("https://crm.example/")
    assert "insecure: true" in refusal("http://crm.example/", REACH)
    assert "crm.example:443 is not among" in refusal("http://crm.example:443/", loopback("crm.example"))


def test_a_declared_name_needs_no_declared_network_before_it_is_resolved() -> None:
    url_guard(Reach(("crm.example",)))("https://crm.example/")
    assert "loopback" in refusal("https://127.0.0.1/", Reach(("127.0.0.1",)))
    assert "metadata" in refusal("http://169.254.169.254/", Reach(("169.254.169.254",), EVERYTHING, insecure=True))


def test_a_guard_of_many_urls_judges_each_and_remembers_only_good_ones() -> None:
    check = url_guard(REACH)
    for path in ("/", "/a", "?b"):
        check(f"https://a.bank.example{path}")
    for url in ("https://a.bank.example/\\", "https://a.bank.example/%00", "https://evil.example/"):
        for _ in range(2):
            with pytest.raises(WireError):
                check(url)


def test_no_refusal_quotes_more_than_the_host() -> None:
    for url in (
        "https://evil.example/c4n4ry?c4n4ry",
        "https://c4n4ry:c4n4ry@crm.example/",
        "https://crm.example/ c4n4ry",
    ):
        assert "c4n4ry" not in refusal(url, REACH)


@given(st.text())
def test_no_text_is_more_than_refused(url: str) -> None:
    with suppress(WireError):
        url_guard(REACH)(url)
    with suppress(WireError):
        url_guard(REACH)(f"https://{url}/")
