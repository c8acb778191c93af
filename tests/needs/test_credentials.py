"""Need 3: auth is a small program: what a login brings, where it goes, when it is renewed, what is signed."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.needs.stand import Answering, Said, form_of, query_of, stand
from tests.upstream import Asked

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
GIVEN = {"user": "chat", "password": "word", "refresh_token": "r0", "private_key": PEM}
ANNA = Said({"name": "Anna"})


def door(header: str, value: str) -> Answering:
    """Opens to one value of a header."""
    return lambda asked: ANNA if asked.headers.get(header) == value else Said({"error": "closed"}, 401)


class Rotating:
    """Each refresh token is good for one use; an access token too where `once`."""

    def __init__(self, once: bool = False) -> None:
        self.refresh, self.good, self.used, self.once = "r0", "", [""], once

    def token(self, asked: Asked) -> Said:
        said = asked.json if asked.body.startswith(b"{") else form_of(asked)
        if said["refresh_token"] != self.refresh:
            return Said({"error": "invalid_grant"}, 400)
        self.used.append(self.refresh)
        self.refresh, self.good = f"r{len(self.used)}", f"a{len(self.used)}"
        return Said({"access_token": self.good, "refresh_token": self.refresh, "expires_in": 86400})

    def call(self, asked: Asked) -> Said:
        if not self.good or asked.headers["authorization"].split(" ")[1] != self.good:
            return Said({}, 401)
        self.good = "" if self.once else self.good
        return ANNA


def creatio(asked: Asked) -> Said:
    cookies = ("BPMLOADER=sid", "BPMCSRF=csrf")
    good = asked.headers.get("bpmcsrf") == "csrf" and all(one in asked.headers.get("cookie", "") for one in cookies)
    return ANNA if good else Said(None, 401)


def creatio_login(asked: Asked) -> Said:
    known = asked.json == {"UserName": "chat", "UserPassword": "word"} and asked.headers["forceusesession"] == "true"
    return Said({"Code": 0}, cookies={"BPMLOADER": "sid", "BPMCSRF": "csrf"}) if known else Said({"Code": 1})


def told(asked: Asked) -> Said:
    return Said(asked.headers | {"query": query_of(asked), "body": asked.json if asked.body else None})


async def test_a_scheme_of_any_word_and_a_refresh_token_that_stays(tmp_path: Path) -> None:
    system = Rotating()
    routes: dict[str, Any] = {
        "POST /zoho/token": system.token,
        "GET /zoho/Contacts": door("authorization", "Zoho-oauthtoken a2"),
    }
    async with stand(tmp_path, "credentials", routes, **GIVEN) as doors:
        assert await doors.call("zoho") == {"name": "Anna"}


async def test_a_rotating_token_is_used_once_and_the_next_is_kept(tmp_path: Path) -> None:
    system = Rotating(once=True)
    async with stand(
        tmp_path, "credentials", {"POST /amo/token": system.token, "GET /amo/contacts": system.call}, **GIVEN
    ) as doors:
        for _ in range(3):
            assert await doors.call("amo") == {"name": "Anna"}
            doors.clock.ahead += 60
    assert system.used == ["", "r0", "r2", "r3"]


@pytest.mark.parametrize(
    ("operation", "login", "header", "value"),
    [
        ("obp", Said({"token": "t1"}), "authorization", "DirectLogin token=t1"),
        ("fineract", Said({"base64EncodedAuthenticationKey": "a2V5"}), "authorization", "Basic a2V5"),
    ],
)
async def test_what_a_login_answers_goes_into_a_header(
    tmp_path: Path, operation: str, login: Said, header: str, value: str
) -> None:
    paths = {"obp": ("/obp/login", "/obp/accounts"), "fineract": ("/self/login", "/self/clients")}[operation]
    routes: dict[str, Any] = {f"POST {paths[0]}": login, f"GET {paths[1]}": door(header, value)}
    async with stand(tmp_path, "credentials", routes, **GIVEN) as doors:
        assert await doors.call(operation) == {"name": "Anna"}
        first = doors.asked[0]
    if operation == "obp":
        assert first.headers["authorization"] == "DirectLogin username=chat,password=word"
    else:
        assert first.json == {"username": "chat", "password": "word"}


async def test_a_token_goes_into_the_query_or_the_body(tmp_path: Path) -> None:
    routes: dict[str, Any] = {"POST /token": Said({"token": "t 1&2"}), "GET /echo": told, "POST /echo": told}
    async with stand(tmp_path, "credentials", routes, **GIVEN) as doors:
        assert (await doors.call("by_query"))["query"] == {"access_token": "t 1&2"}
        assert (await doors.call("by_body"))["body"] == {"auth": "t 1&2"}


async def test_a_cookie_is_repeated_as_a_header(tmp_path: Path) -> None:
    routes = {"POST /creatio/login": creatio_login, "GET /creatio/Contact": creatio}
    async with stand(tmp_path, "credentials", routes, **GIVEN) as doors:
        for _ in range(2):
            assert await doors.call("creatio") == {"name": "Anna"}
        assert len(doors.asked) == 3


async def test_a_login_refused_at_200_is_one(tmp_path: Path) -> None:
    routes = {"POST /creatio/login": creatio_login, "GET /creatio/Contact": creatio}
    async with stand(tmp_path, "credentials", routes, **{**GIVEN, "password": "wrong"}) as doors:
        assert (await doors.error("creatio")).code == "upstream_auth"
        assert len(doors.asked) == 1


async def test_a_signature_over_method_and_path(tmp_path: Path) -> None:
    async with stand(tmp_path, "credentials", {"GET /Contact": told}, **GIVEN) as doors:
        found = (await doors.call("espo"))["signature"]
    expected = base64.b64encode(hmac.digest(b"word", b"GET /Contact", "sha256")).decode()
    assert found == f"chat:{expected}"


async def test_a_signature_over_the_body_as_it_was_sent(tmp_path: Path) -> None:
    async with stand(tmp_path, "credentials", {"POST /v2/origin": told}, **GIVEN) as doors:
        found = (await doors.call("chat", text="Добрый день"))["signature"]
        body = doors.asked[0].body
    assert found == hmac.digest(b"word", b"POST\n" + body + b"\n/v2/origin", "sha1").hex()


async def test_a_digest_and_a_signature_over_headers(tmp_path: Path) -> None:
    async with stand(tmp_path, "credentials", {"POST /v1/consents": told}, **GIVEN) as doors:
        found = await doors.call("consents")
        body = doors.asked[0].body
    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert found["digest"] == digest
    signature = base64.b64decode(found["signature"].partition('signature="')[2].rstrip('"'))
    signed = f"digest: {digest}\nx-request-id: {found['id']}".encode()
    KEY.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())


async def test_the_address_comes_with_the_token_which_lives_until_it_is_refused(tmp_path: Path) -> None:
    asked_for: list[dict[str, str]] = []

    def token(asked: Asked) -> Said:
        asked_for.append(form_of(asked))
        home = f"http://{asked.headers['host']}/org"
        return Said({"access_token": f"t{len(asked_for)}", "instance_url": home})

    def limits(asked: Asked) -> Said:
        over = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]
        return Said({"left": 7}) if asked.headers["authorization"] == "Bearer t2" else Said(over, 401)

    routes: dict[str, Any] = {"POST /services/oauth2/token": token, "GET /org/services/data/v66.0/limits": limits}
    async with stand(tmp_path, "homes", routes, private_key=PEM) as doors:
        for _ in range(2):
            assert await doors.call("limits") == {"left": 7}
    assert [said["grant_type"] for said in asked_for] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"] * 2
    head, claims, signature = asked_for[0]["assertion"].split(".")
    KEY.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    said = json.loads(decoded(claims))
    assert (said["iss"], said["sub"], said["aud"]) == ("app", "chat@bank.example", "login")
    assert said["exp"] - said["iat"] == 180


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
