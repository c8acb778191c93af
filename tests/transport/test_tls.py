"""TLS contexts: verified, at least 1.2, shared per authority."""

import ssl
from pathlib import Path

import pytest

from engine.transport.tls import tls_context
from tests.house.places import ENGINE
from tests.transport.conftest import Authority


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("private", [False, True])
def test_every_context_verifies(authority: Authority, private: bool, http2: bool) -> None:
    context = tls_context(authority.file if private else None, http2=http2)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.keylog_filename is None


def test_a_private_authority_stands_alone(authority: Authority) -> None:
    subjects = [certificate["subject"] for certificate in tls_context(authority.file).get_ca_certs()]
    assert len(subjects) == 1
    assert tls_context().cert_store_stats() != tls_context(authority.file).cert_store_stats()


def test_contexts_are_shared_and_those_for_http2_kept_apart(authority: Authority) -> None:
    assert tls_context(authority.file) is tls_context(authority.file)
    assert tls_context() is tls_context()
    assert tls_context() is not tls_context(http2=True)
    assert tls_context() is not tls_context(authority.file)


def test_an_unusable_authority_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        tls_context(tmp_path / "none.pem")
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ssl.SSLError):
        tls_context(tmp_path / "empty.pem")


def test_nothing_in_the_package_turns_verification_off() -> None:
    words = ("CERT_NONE", "verify=False", "verify_ssl", "check_hostname", "_create_unverified", "ssl=False")
    found = [(m.name, w) for m in ENGINE.rglob("*.py") for w in words if w in m.read_text(encoding="utf-8")]
    assert found == []
