"""TLS as every connection uses it: always verified, at least 1.2, nothing taken from the environment."""

import asyncio
import os
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from engine.transport.dial import dial
from engine.transport.wire import WireConfig


def tls_context(ca: Path | None = None, client: tuple[str, str] | None = None, http2: bool = False) -> ssl.SSLContext:
    """The one context for a CA file (None: the system's roots), shared by all that use it.

    `client`: a certificate and its key, each a PEM file or the PEM text; such a context is its connection's own.
    `http2` contexts are kept apart: that wire offers `h2` on them. Raises OSError or ssl.SSLError for an unusable file.
    """
    if client is None:
        return _shared(ca, http2)
    context = _context(ca, http2)
    with ExitStack() as open_files:
        cert, key = (open_files.enter_context(_file(one)) for one in client)
        context.load_cert_chain(cert, key, password="")  # without one OpenSSL would ask the terminal
    return context


@contextmanager
def _file(pem: str) -> Iterator[str]:
    """A path under which OpenSSL reads it; text goes through a pipe, so that a key is never written to a disk."""
    if not pem.lstrip().startswith("-----BEGIN"):
        yield pem
        return
    reader, writer = os.pipe()
    try:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(pem.encode())
        yield f"/dev/fd/{reader}"
    finally:
        os.close(reader)


def _context(ca: Path | None, http2: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
    if ca is not None:
        context.load_verify_locations(cafile=ca)
    else:
        _trust_system(context)
    return context


_shared = cache(_context)


async def certificate_end(config: WireConfig, url: str) -> datetime | None:
    """When the certificate of the host of a URL ends; None without TLS. Raises WireError."""
    parts = urlsplit(url)
    tls = config.tls if parts.scheme == "https" else None
    host, loop = parts.hostname or "", asyncio.get_running_loop()

    async def connect(address: str) -> asyncio.Transport:
        name = host if tls else None
        transport, _ = await loop.create_connection(asyncio.Protocol, address, port, ssl=tls, server_hostname=name)
        return transport

    port = parts.port or (443 if tls else 80)
    transport = await dial(config, host, port, connect)
    transport.abort()
    ends = (transport.get_extra_info("peercert") or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None


_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def _trust_system(context: ssl.SSLContext) -> None:
    if sys.platform == "win32":
        context.load_default_certs()
        return
    built_in = ssl.get_default_verify_paths()  # `openssl_*` are compiled in; the other fields obey SSL_CERT_FILE
    if Path(built_in.openssl_capath).is_dir():
        context.load_verify_locations(capath=built_in.openssl_capath)
    for bundle in (built_in.openssl_cafile, *_BUNDLES):
        if Path(bundle).is_file():
            context.load_verify_locations(cafile=bundle)
            return
