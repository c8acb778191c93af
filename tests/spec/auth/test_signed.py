"""Signatures over each attempt: the published vectors, and what every part of a request does to them."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from engine.errors import CallError, EvaluationError
from engine.spec.auth.signature import secrets_of
from engine.spec.auth.signed import signature_base
from engine.spec.trip import Rendered
from tests.spec.auth.written import MOMENT, SETTINGS, credential, problems, signed

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def headers(rendered: Rendered) -> dict[str, str]:
    return {name.lower(): value for name, value in rendered.headers}


def test_the_base_string_of_rfc_5849() -> None:
    """3.4.1.1: repeated names, empty values, encoded and unencoded signs, query and form together."""
    request = Rendered("POST", "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", FORM, b"c2&a3=2+q")
    said = {
        "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "7d8f3e4a",
    }
    assert signature_base(request, said) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26"
        "c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
        "oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://EXAMPLE.com:443/a", "https://example.com/a"),
        ("https://example.com:8443", "https://example.com:8443/"),
        ("http://[2001:db8::1]:80/a", "http://[2001:db8::1]/a"),
    ],
)
def test_the_address_of_the_base_string(url: str, shown: str) -> None:
    assert unquote(signature_base(Rendered("GET", url), {}).split("&")[1]) == shown


def test_a_body_that_is_no_form_is_not_signed() -> None:
    json = Rendered("POST", "https://a.example/x", (("Content-Type", "application/json"),), b'{"a": 1}')
    assert signature_base(json, {}) == signature_base(json._replace(body=None), {})


OAUTH1 = (
    '{type: oauth1, consumer_key: "{{ settings.id }}", consumer_secret: "{{ settings.key }}", token: t/1, '
    'token_secret: "{{ settings.pin }}", signature: METHOD}'
)


def oauth(rendered: Rendered) -> dict[str, str]:
    scheme, _, rest = headers(rendered)["authorization"].partition(" ")
    assert scheme == "OAuth"
    return {name: unquote(value.strip('"')) for name, value in (part.split("=", 1) for part in rest.split(", "))}


@pytest.mark.parametrize(("method", "digest"), [("HMAC-SHA1", "sha1"), ("HMAC-SHA256", "sha256")])
def test_oauth1_signs_what_it_says(method: str, digest: str) -> None:
    request = Rendered("POST", "https://crm.example/x?a=1", FORM, b"b=2")
    said = oauth(signed(OAUTH1.replace("METHOD", method), request))
    signature = said.pop("oauth_signature")
    assert said == {
        "oauth_consumer_key": "me",
        "oauth_token": "t/1",
        "oauth_nonce": "0f0e0d0c0b0a49088706050403020100",
        "oauth_signature_method": method,
        "oauth_timestamp": "1772366400",
        "oauth_version": "1.0",
    }
    expected = hmac.digest(b"k3y&p1n", signature_base(request, said).encode(), digest)
    assert base64.b64decode(signature) == expected


def test_oauth1_in_plain_text() -> None:
    said = oauth(signed(OAUTH1.replace("METHOD", "PLAINTEXT"), Rendered("GET", "https://crm.example/x")))
    assert said["oauth_signature"] == "k3y&p1n"


def test_oauth1_without_a_token() -> None:
    auth = '{type: oauth1, consumer_key: c, consumer_secret: "a&b"}'
    said = oauth(signed(auth.replace("}", ", signature: PLAINTEXT}"), Rendered("GET", "https://crm.example/x")))
    assert (said["oauth_signature"], "oauth_token" in said) == ("a%26b&", False)


ESPO = (
    '{type: hmac, algorithm: sha256, key: "{{ settings.key }}", '
    'string_to_sign: "{{ request.method }} {{ request.path }}", '
    "place: {in: header, name: X-Hmac-Authorization, value: \"{{ (settings.id ~ ':' ~ auth.signature) | base64 }}\"}}"
)


def test_hmac_as_one_crm_has_it() -> None:
    found = headers(signed(ESPO, Rendered("GET", "https://crm.example/Contact?a=1")))["x-hmac-authorization"]
    expected = hmac.new(b"k3y", b"GET /Contact", "sha256").hexdigest()
    assert base64.b64decode(found).decode() == f"me:{expected}"


def test_hmac_sees_the_whole_request() -> None:
    parts = ["method", "url", "path", "query", "headers['x-a']", "body", "body_hash"]
    text = " ".join(f"{{{{ request.{part} }}}}" for part in parts) + " {{ nonce }} {{ timestamp }}"
    place = "[{in: query, name: t, value: '{{ timestamp }}'}, {in: cookie, name: n, value: '{{ nonce }}'}, "
    place += "{in: header, name: X-Sum, value: 'v1={{ auth.signature }}'}]"
    auth = f'{{type: hmac, algorithm: sha1, key: k, encoding: base64, string_to_sign: "{text}", place: {place}}}'
    request = Rendered("POST", "https://crm.example/b/x?q=1", (("X-A", "aa"),), "тело".encode())
    out = signed(auth, request)
    digest = base64.b64encode(hashlib.sha1("тело".encode()).digest()).decode()
    seen = f"POST https://crm.example/b/x?q=1 /b/x q=1 aa тело {digest} {MOMENT.uuid()} 1772366400"
    expected = base64.b64encode(hmac.digest(b"k", seen.encode(), "sha1")).decode()
    assert headers(out)["x-sum"] == f"v1={expected}"
    assert out.url == "https://crm.example/b/x?q=1&t=1772366400"
    assert headers(out)["cookie"] == f"n={MOMENT.uuid()}"
    assert out.body == request.body


def test_hmac_without_a_place_is_a_header() -> None:
    auth = '{type: hmac, algorithm: sha512, key: k, string_to_sign: "{{ request.body }}"}'
    found = headers(signed(auth, Rendered("GET", "https://crm.example/x")))
    assert found == {"x-signature": hmac.new(b"k", b"", "sha512").hexdigest()}


def test_what_cannot_be_computed_is_an_error_of_the_call_with_its_place() -> None:
    auth = '{type: hmac, algorithm: sha1, key: k, string_to_sign: "{{ request.headers.missing }}"}'
    with pytest.raises(CallError) as raised:
        signed(auth, Rendered("GET", "https://crm.example/x"))
    assert raised.value.code == "mapping_failed"
    assert raised.value.place is not None


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def pem(key: Any) -> str:
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return str(key.private_bytes(*kinds).decode())


def http_signed(rendered: Rendered, key: str, more: str) -> Rendered:
    auth = credential('{type: http_signature, key: "{{ settings.key }}", key_id: "SN=1F,CA=CN=Bank", ' + more + "}")
    return auth.prepare({"settings": SETTINGS | {"key": key}}).sign(rendered, MOMENT)


def fields(rendered: Rendered) -> dict[str, str]:
    parts = headers(rendered)["signature"].split('",')
    return {name: value.strip('"') for name, value in (part.split("=", 1) for part in parts)}


def test_http_signature_as_berlin_group_asks() -> None:
    body = b'{"consentId": "c1"}'
    request = Rendered("POST", "https://bank.example/v1/consents", (("X-Request-ID", "r1"), ("PSU-ID", "p")), body)
    cert = "'-----BEGIN CERTIFICATE-----\n\n\n  AB+/\n\n  CD==\n\n  -----END CERTIFICATE-----'"
    out = http_signed(
        request, pem(RSA), f"certificate: {cert}, headers: [Digest, X-Request-ID, date, psu-corporate-id]"
    )
    found = headers(out)
    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert (found["digest"], found["date"]) == (digest, "Sun, 01 Mar 2026 12:00:00 GMT")
    assert found["tpp-signature-certificate"] == "AB+/CD=="
    said = fields(out)
    assert (said["keyId"], said["algorithm"]) == ("SN=1F,CA=CN=Bank", "rsa-sha256")
    assert said["headers"] == "digest x-request-id date"
    text = f"digest: {digest}\nx-request-id: r1\ndate: {found['date']}"
    RSA.public_key().verify(base64.b64decode(said["signature"]), text.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_the_request_target_and_the_host_may_be_signed() -> None:
    request = Rendered("GET", "https://bank.example:8443/v1/accounts?withBalance=true")
    out = http_signed(request, "shared", "algorithm: hmac-sha256, headers: [(request-target), host, digest]")
    empty = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    text = f"(request-target): get /v1/accounts?withBalance=true\nhost: bank.example:8443\ndigest: {empty}"
    assert base64.b64decode(fields(out)["signature"]) == hmac.digest(b"shared", text.encode(), "sha256")


def test_a_longer_digest_and_a_curve() -> None:
    long = http_signed(Rendered("GET", "https://bank.example/x"), pem(RSA), "algorithm: rsa-sha512, headers: [digest]")
    text = f"digest: {headers(long)['digest']}".encode()
    assert headers(long)["digest"].startswith("SHA-512=")
    RSA.public_key().verify(base64.b64decode(fields(long)["signature"]), text, padding.PKCS1v15(), hashes.SHA512())
    short = http_signed(
        Rendered("GET", "https://bank.example/x"), pem(CURVE), "algorithm: ecdsa-sha256, headers: [date]"
    )
    text = f"date: {headers(short)['date']}".encode()
    CURVE.public_key().verify(base64.b64decode(fields(short)["signature"]), text, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("key", "algorithm"), [("c4n4ry", "rsa-sha256"), (pem(CURVE), "rsa-sha256"), (pem(RSA), "ecdsa-sha256")]
)
def test_an_unusable_key_is_told_and_not_shown(key: str, algorithm: str) -> None:
    with pytest.raises(EvaluationError, match=f"no private key in PEM that `{algorithm}`") as raised:
        http_signed(Rendered("GET", "https://bank.example/x"), key, f"algorithm: {algorithm}")
    assert "c4n4ry" not in str(raised.value)


WRONG = {
    "an unknown algorithm": ("{type: hmac, algorithm: sha3, key: k, string_to_sign: s}", "wrong-value", "`sha3`"),
    "an unknown signature": (
        "{type: oauth1, consumer_key: k, consumer_secret: s, signature: RSA-SHA1}",
        "wrong-value",
        "RSA",
    ),
    "an unknown name": (
        '{type: hmac, algorithm: sha1, key: k, string_to_sign: "{{ reqest.body }}"}',
        "unknown-name",
        "request",
    ),
    "an unknown part": (
        '{type: hmac, algorithm: sha1, key: k, string_to_sign: "{{ request.bod }}"}',
        "unknown-member",
        "body",
    ),
    "a place in the path": (
        "{type: hmac, algorithm: sha1, key: k, string_to_sign: s, place: {in: path, value: x}}",
        "wrong-value",
        "path",
    ),
    "a place without a name": (
        "{type: hmac, algorithm: sha1, key: k, string_to_sign: s, place: [{in: query, value: x}]}",
        "missing-key",
        "name",
    ),
    "a key of another kind": (
        "{type: hmac, algorithm: sha1, key: k, string_to_sign: s, token: t}",
        "unknown-key",
        "token",
    ),
}


@pytest.mark.parametrize(("auth", "code", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told(auth: str, code: str, says: str) -> None:
    (problem,) = problems(auth)
    assert problem.code == code
    assert says in f"{problem.message} {problem.remedy}"


def test_what_signing_put_into_a_request_is_known_word_by_word_and_no_more() -> None:
    request = Rendered("GET", "https://crm.example/x?a=1", (("User-Agent", "an agent of some length"),))
    words = secrets_of(request, signed(OAUTH1.replace("METHOD", "HMAC-SHA1"), request))
    assert "0f0e0d0c0b0a49088706050403020100" in words
    assert [len(base64.b64decode(word)) for word in words if len(word) == 28] == [20]  # the signature, decoded
    assert not {"oauth_signature_method", "User-Agent", "agent", "length"} & set(words)
    assert secrets_of(request, signed(ESPO, request))
    assert secrets_of(request, request) == []
