"""Certificates and handshakes that must not pass (faults.md 59, 79), and what the environment says (78)."""

import datetime as dt
import logging
import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.transport import tls
from engine.transport.tls import tls_context
from tests.transport.conftest import Authority, Open, failure, get, post
from tests.transport.hostile import OK, Peer, Script, always, forever, response, turns, upstream

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def self_signed(authority: Authority, folder: Path) -> ssl.SSLContext:
    return load(folder, *leaf(None))


def for_clients_only(authority: Authority, folder: Path) -> ssl.SSLContext:
    return load(folder, *leaf(authority.ca))


def leaf(ca: trustme.CA | None) -> tuple[bytes, bytes]:
    """A key and a certificate that is its own issuer, or that `ca` issued for clients only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if ca else ExtendedKeyUsageOID.SERVER_AUTH
    issuer = x509.load_pem_x509_certificate(ca.cert_pem.bytes()).subject if ca else name
    signer = load_pem_private_key(ca.private_key_pem.bytes(), None) if ca else key
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.PEM),
    )


def load(folder: Path, key: bytes, certificate: bytes) -> ssl.SSLContext:
    (folder / "leaf.pem").write_bytes(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    return context


def expired(authority: Authority, folder: Path) -> ssl.SSLContext:
    return authority.serve("localhost", not_after=LONG_AGO)


def for_another_host(authority: Authority, folder: Path) -> ssl.SSLContext:
    return authority.serve("bank.example")


def of_another_authority(authority: Authority, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (expired, "certificate has expired"),
        (self_signed, "self-signed certificate"),
        (for_another_host, "Hostname mismatch"),
        (of_another_authority, "unable to get local issuer certificate"),
        (for_clients_only, "unsuitable certificate purpose"),
    ],
)
async def test_a_wrong_certificate_is_refused_with_its_reason(
    open_: Open,
    authority: Authority,
    tmp_path: Path,
    serve: Callable[[Authority, Path], ssl.SSLContext],
    reason: str,
) -> None:
    async with upstream(always(OK), serve(authority, tmp_path)) as server:
        wire = open_()
        error = await failure(wire, post(server.url(host="localhost")))
        assert (error.code, error.sent, wire.busy, server.requests) == ("upstream_unavailable", False, 0, [])
    assert f"the certificate is refused: {reason}" in error.detail


async def test_the_systems_roots_do_not_know_a_private_authority(open_: Open, authority: Authority) -> None:
    async with upstream(always(OK), authority.serve()) as server:
        error = await failure(open_(tls=tls_context()), post(server.url()))
        assert (error.code, error.sent, server.requests) == ("upstream_unavailable", False, [])


async def test_the_name_is_checked_and_sent_though_the_address_was_resolved(open_: Open, authority: Authority) -> None:
    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    asked: list[str | None] = []
    serve = authority.serve("crm.example")
    serve.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with upstream(always(OK), serve) as server:
        wire = open_(here)
        assert (await wire.send(get(server.url(host="crm.example")))).body == b"ok"
        assert (await failure(wire, get(server.url(host="bank.example")))).code == "upstream_unavailable"
    assert asked == ["crm.example", "bank.example"]
    assert server.requests[0].headers["host"] == f"crm.example:{server.port}"


OLD_HELLO = b"\x02\x00\x00\x26\x03\x01" + bytes(32) + b"\x00\x00\x2f\x00"


async def speaks_the_first_version(peer: Peer) -> None:
    await peer.reader.read(4096)
    await peer.send(b"\x16\x03\x01" + len(OLD_HELLO).to_bytes(2, "big") + OLD_HELLO)
    await peer.gone()


async def speaks_no_tls(peer: Peer) -> None:
    await peer.reader.read(4096)
    await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await peer.gone()


async def sends_an_alert(peer: Peer) -> None:
    await peer.reader.read(4096)
    await peer.send(b"\x15\x03\x03\x00\x02\x02\x28")
    await peer.gone()


async def closes_in_the_handshake(peer: Peer) -> None:
    await peer.reader.read(4096)


async def resets_in_the_handshake(peer: Peer) -> None:
    await peer.reader.read(4096)
    peer.reset()


@pytest.mark.parametrize(
    "script",
    [speaks_the_first_version, speaks_no_tls, sends_an_alert, closes_in_the_handshake, resets_in_the_handshake],
)
async def test_a_broken_handshake(open_: Open, script: Script) -> None:
    async with upstream(script) as server:
        wire = open_()
        error = await failure(wire, post(server.url().replace("http:", "https:")))
        assert (error.code, error.sent, wire.busy) == ("upstream_unavailable", False, 0)


async def stalls(peer: Peer) -> None:
    await peer.reader.read(1)
    await forever()


async def test_a_stalled_handshake(open_: Open) -> None:
    async with upstream(stalls) as server:
        wire = open_(connect_timeout=0.1)
        error = await failure(wire, post(server.url().replace("http:", "https:")), within=1.0)
        assert (error.code, error.sent, wire.busy) == ("upstream_timeout", False, 0)
        assert server.connections == 1


@pytest.mark.parametrize("reset", [True, False])
async def test_tls_that_breaks_in_the_body(open_: Open, authority: Authority, reset: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
        await turns(50)
        if reset:
            peer.reset()

    async with upstream(script, authority.serve()) as server:
        wire = open_()
        error = await failure(wire, post(server.url()))
        assert (error.code, error.sent) == ("upstream_unavailable" if reset else "response_unreadable", True)
        assert wire.busy == 0


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Authority) -> Path:
    """An environment that would lead elsewhere, had anyone asked it."""
    nowhere = "http://127.0.0.1:9"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, nowhere)
    (tmp_path / ".netrc").write_text("default login thief password stolen\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("SSL_CERT_DIR", str(authority.file.parent))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    return tmp_path


async def test_the_environment_is_not_asked(open_: Open, authority: Authority, poisoned: Path) -> None:
    tls._shared.cache_clear()
    async with upstream(always(OK)) as plain, upstream(always(OK), authority.serve()) as secret:
        assert (await open_().send(get(plain.url()))).body == b"ok"
        assert (await open_(tls=tls_context(authority.file)).send(get(secret.url()))).body == b"ok"
        error = await failure(open_(tls=tls_context()), get(secret.url()))
    assert "the certificate is refused" in error.detail
    assert [seen for seen in plain.requests + secret.requests if "authorization" in seen.headers] == []
    assert not (poisoned / "keys").exists()
    assert os.environ["SSL_CERT_FILE"]


async def test_nothing_of_a_request_is_logged(open_: Open, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with upstream(always(response(b"c4n4ry", "Set-Cookie: s=c4n4ry"))) as server:
            wire = open_()
            await wire.send(get(server.url("/x?token=c4n4ry"), ("Authorization", "c4n4ry")))
            await wire.send(post(server.url("/x?token=c4n4ry"), b"c4n4ry"))
    assert "c4n4ry" not in caplog.text
