"""The kinds of auth that compute a signature over each attempt: `oauth1`, `hmac`, `http_signature`."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from email.utils import format_datetime
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, urlsplit

from engine.errors import CallError, EvaluationError
from engine.language.codec.places import header_value
from engine.spec.auth.constant import Kind, Place, Places, header, places_of
from engine.spec.auth.signature import Moment, Own, Signature, joined, written
from engine.spec.fields import Headers
from engine.spec.names import Names
from engine.spec.reading import about
from engine.spec.strings import TemplateField
from engine.spec.tree import Scope
from engine.spec.trip import Rendered


def _quoted(text: str) -> str:
    return quote(text, safe="~")


class OAuth1(Kind):
    """Requests signed by consumer and token (RFC 5849), in the Authorization header."""

    type: Literal["oauth1"] = about("Signed requests (RFC 5849).", default=...)
    consumer_key: TemplateField = about("The consumer's key.", "{{ settings.consumer_key }}", default=...)
    consumer_secret: TemplateField = about("Its secret.", "{{ settings.consumer_secret }}", default=...)
    token: TemplateField | None = about("The token's key.", "{{ settings.token }}")
    token_secret: TemplateField | None = about("Its secret.", "{{ settings.token_secret }}")
    signature: Literal["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"] = about("How it is computed.", default="HMAC-SHA1")

    def prepare(self, scope: Scope) -> Signature:
        """One Authorization header, computed for each attempt."""
        parts = (self.consumer_key, self.consumer_secret, self.token, self.token_secret)
        key, secret, token, other = (written(part, scope) if part is not None else "" for part in parts)
        return Signature(own=partial(self._sign, key, token, f"{_quoted(secret)}&{_quoted(other)}"))

    def _sign(self, consumer: str, token: str, secret: str, rendered: Rendered, moment: Moment) -> Rendered:
        said = {
            "oauth_consumer_key": consumer,
            "oauth_nonce": moment.uuid().replace("-", ""),
            "oauth_signature_method": self.signature,
            "oauth_timestamp": str(int(moment.now().timestamp())),
            "oauth_version": "1.0",
            **({"oauth_token": token} if token else {}),
        }
        said["oauth_signature"] = self._signature(signature_base(rendered, said), secret)
        value = "OAuth " + ", ".join(f'{name}="{_quoted(text)}"' for name, text in said.items())
        return Signature(headers=(("Authorization", value),)).sign(rendered, moment)

    def _signature(self, base: str, secret: str) -> str:
        if self.signature == "PLAINTEXT":
            return secret
        digest = hmac.digest(secret.encode(), base.encode(), self.signature.partition("-")[2].lower())
        return base64.b64encode(digest).decode()


def signature_base(rendered: Rendered, said: dict[str, str]) -> str:
    """The signature base string of RFC 5849, 3.4.1: with the parameters of query and form."""
    url = urlsplit(rendered.url)
    default = {"https": 443, "http": 80}[url.scheme]
    host = url.hostname or ""
    host = (f"[{host}]" if ":" in host else host) + (f":{url.port}" if url.port not in (None, default) else "")
    content = {name.lower(): value for name, value in rendered.headers}.get("content-type", "")
    form = content.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    given = [url.query, (rendered.body or b"").decode() if form else ""]
    pairs = [pair for text in given for pair in parse_qsl(text, keep_blank_values=True)] + list(said.items())
    encoded = sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    parts = (rendered.method, f"{url.scheme}://{host}{url.path or '/'}", "&".join(f"{n}={v}" for n, v in encoded))
    return "&".join(map(_quoted, parts))


Signer = Callable[[bytes], bytes]
OF_REQUEST: Final = frozenset({"method", "url", "path", "query", "headers", "body", "body_hash"})


class Hmac(Kind):
    """A keyed digest over a text that the connector composes from the request."""

    type: Literal["hmac"] = about("A keyed digest of the request.", default=...)
    algorithm: Literal["sha1", "sha256", "sha384", "sha512", "md5"] = about("Of the digest.", "sha256", default=...)
    key: TemplateField = about("A setting of type secret.", "{{ settings.key }}", default=...)
    string_to_sign: TemplateField = about(
        "What is signed; sees `request`, `nonce` and `timestamp` too.",
        "{{ request.method }} {{ request.path }}",
        default=...,
    )
    encoding: Literal["hex", "base64"] = about("How digests are written, `request.body_hash` too.", default="hex")
    place_: Places = about(
        "Where it goes: one place or a list; `auth.signature` is the digest.",
        {"in": "header", "name": "X-Signature", "value": "{{ auth.signature }}"},
        default_factory=lambda: [header("X-Signature", "{{ auth.signature }}")],
        alias="place",
    )

    def link(self, names: Names) -> None:
        """Check every name; the request is known to what is signed and where it goes."""
        names.check(self.key)
        signing = names.plus("nonce", "timestamp", request=OF_REQUEST)
        signing.check(self.string_to_sign)
        signing.plus(auth=["signature"]).check(places_of(self.place_))
        refuse_path(places_of(self.place_))

    def prepare(self, scope: Scope) -> Signature:
        """The digest in its places, computed for each attempt."""
        return Signature(own=_owned(self, partial(self._sign, written(self.key, scope).encode(), scope)))

    def _sign(self, key: bytes, scope: Scope, rendered: Rendered, moment: Moment) -> Rendered:
        more = {"nonce": moment.uuid(), "timestamp": int(moment.now().timestamp())}
        return self.signature(key, {**scope, **self.seen(rendered), **more}).sign(rendered, moment)

    def seen(self, rendered: Rendered) -> Scope:
        """What of a request may be signed."""
        body_hash = self._text(hashlib.new(self.algorithm, rendered.body or b""))
        return {"request": _seen(rendered) | {"body_hash": body_hash}}

    def signature(self, key: bytes, scope: Scope) -> Signature:
        """The digest in its places. Raises EvaluationError."""
        digest = hmac.new(key, written(self.string_to_sign, scope).encode(), self.algorithm)
        signed = {**scope, "auth": {"signature": self._text(digest)}}
        return joined([place.prepare(signed) for place in places_of(self.place_)])

    def _text(self, digest: Any) -> str:
        return digest.hexdigest() if self.encoding == "hex" else base64.b64encode(digest.digest()).decode()


def refuse_path(places: Iterable[Place]) -> None:
    """Report what would be part of an address that is made already."""
    for place in places:
        if place.in_ == "path":
            place.report("wrong-value", "it cannot stand in the path here", "name a header or the query", "in")


def _seen(rendered: Rendered) -> dict[str, Any]:
    url = urlsplit(rendered.url)
    headers = {name.lower(): value for name, value in rendered.headers}
    body = (rendered.body or b"").decode(errors="replace")
    seen = {"method": rendered.method, "url": rendered.url, "path": url.path, "query": url.query}
    return {**seen, "headers": headers, "body": body}


class HttpSignature(Kind):
    """Signed headers with a digest of the body, as Berlin Group 1.3 asks (draft-cavage, not RFC 9421)."""

    type: Literal["http_signature"] = about("Signed headers and body (draft-cavage).", default=...)
    key: TemplateField = about("The private key as PEM, or the shared one.", "{{ settings.key }}", default=...)
    key_id: TemplateField = about("Whose key it is.", "SN=1F2E,CA=CN=Bank CA", default=...)
    algorithm: Literal["rsa-sha256", "rsa-sha512", "ecdsa-sha256", "hmac-sha256"] = about(
        "How it is signed; its digest is that of the body too.", default="rsa-sha256"
    )
    headers: list[str] = about(
        "What is signed, in order; a header that a request lacks is left out.",
        ["(request-target)", "digest", "date", "x-request-id", "psu-id"],
        default=["digest", "date", "x-request-id"],
    )
    certificate: TemplateField | None = about("PEM, sent as TPP-Signature-Certificate.", "{{ settings.certificate }}")

    def prepare(self, scope: Scope) -> Signature:
        """Digest, Date and Signature, computed for each attempt. Raises EvaluationError for an unusable key."""
        sign = _signing(self.algorithm, written(self.key, scope))
        fixed = (("TPP-Signature-Certificate", _bare(written(self.certificate, scope))),) if self.certificate else ()
        return Signature(own=_owned(self, partial(self._sign, header_value(written(self.key_id, scope)), sign, fixed)))

    def _sign(self, key: str, sign: Signer, fixed: Headers, rendered: Rendered, moment: Moment) -> Rendered:
        size = self.algorithm[-3:]
        digest = base64.b64encode(hashlib.new(f"sha{size}", rendered.body or b"").digest()).decode()
        more = [("Digest", f"SHA-{size}={digest}"), ("Date", format_datetime(moment.now(), usegmt=True)), *fixed]
        request = Signature(headers=tuple(more)).sign(rendered, moment)
        lines = dict(self._lines(request))
        signature = base64.b64encode(sign("\n".join(f"{n}: {v}" for n, v in lines.items()).encode())).decode()
        said = f'keyId="{key}",algorithm="{self.algorithm}",headers="{" ".join(lines)}",signature="{signature}"'
        return Signature(headers=(("Signature", said),)).sign(request, moment)

    def _lines(self, request: Rendered) -> Iterable[tuple[str, str]]:
        url = urlsplit(request.url)
        target = f"{request.method.lower()} {url.path or '/'}" + (f"?{url.query}" if url.query else "")
        values = {"(request-target)": target, "host": url.netloc}
        values |= {name.lower(): value for name, value in request.headers}
        return ((name.lower(), values[name.lower()]) for name in self.headers if name.lower() in values)


def _signing(algorithm: str, key: str) -> Signer:
    """What signs bytes with a key. Raises EvaluationError, which shows nothing of it."""
    if algorithm == "hmac-sha256":
        return lambda data: hmac.digest(key.encode(), data, "sha256")
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    digest = hashes.SHA512() if algorithm.endswith("512") else hashes.SHA256()
    try:
        private = load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError):
        private = None
    if isinstance(private, rsa.RSAPrivateKey) and algorithm.startswith("rsa"):
        return lambda data: private.sign(data, padding.PKCS1v15(), digest)
    if isinstance(private, ec.EllipticCurvePrivateKey) and algorithm.startswith("ecdsa"):
        return lambda data: private.sign(data, ec.ECDSA(digest))
    raise EvaluationError(f"`key` is no private key in PEM that `{algorithm}` takes, without a password")


def _bare(pem: str) -> str:
    """A certificate on one line, without its armour."""
    return header_value("".join(re.sub("-----[A-Z ]+-----", "", pem).split()))


def _owned(kind: Kind, sign: Own) -> Own:
    """What cannot be computed names the place of the auth."""

    def own(rendered: Rendered, moment: Moment) -> Rendered:
        try:
            return sign(rendered, moment)
        except EvaluationError as error:
            raise CallError("mapping_failed", f"`auth`: {error.message}", place=kind.place()) from None

    return own
