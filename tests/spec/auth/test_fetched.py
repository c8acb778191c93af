"""What `oauth2` and `login` ask, and what they read from the answers."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from engine.errors import CallError, EvaluationError
from engine.spec.auth.token import LONGEST, SHORTEST, RefusedError, life_of
from engine.spec.trip import Rendered
from tests.spec.auth.written import APP, MOMENT, SETTINGS, answered, connector, credential, problems, says, source

TOKEN = says('{"access_token": "a1", "expires_in": 3600, "refresh_token": "r2", "scope": "x"}')


def fields(rendered: Rendered) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs((rendered.body or b"").decode(), strict_parsing=True).items()}


def asked(auth: str, refresh: str | None = None, code: str | None = None, **settings: Any) -> Rendered:
    (request,), _ = answered(source(auth, **settings).ask(refresh, code, MOMENT), TOKEN)
    return request


def test_client_credentials_in_the_body() -> None:
    more = 'client_credentials, client_id: "{{ settings.id }}", client_secret: "{{ settings.key }}", scope: a b, '
    request = asked(APP + more + 'params: {audience: "https://crm.example", n: "{{ settings.n }}", none: null}}')
    assert (request.method, request.url) == ("POST", "https://login.crm.example/token")
    assert dict(request.headers)["Content-Type"] == "application/x-www-form-urlencoded"
    assert dict(request.headers)["Accept"] == "application/json"
    who = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "k3y", "scope": "a b"}
    assert fields(request) == who | {"audience": "https://crm.example", "n": "7"}


def test_client_credentials_as_basic() -> None:
    request = asked(APP + "client_credentials, client_id: 'a b', client_secret: 'c:d', client_auth: basic}")
    assert dict(request.headers)["Authorization"] == "Basic " + base64.b64encode(b"a%20b:c%3Ad").decode()
    assert fields(request) == {"grant_type": "client_credentials"}


def test_a_body_in_json() -> None:
    request = asked(APP + "password, token_body: json, params: {username: u, password: '{{ settings.pin }}'}}")
    assert dict(request.headers)["Content-Type"] == "application/json"
    assert json.loads(request.body or b"") == {"grant_type": "password", "username": "u", "password": "p1n"}


ASSERTION = "assertion: {algorithm: HS256, key: '{{ settings.long }}', kid: k1, claims: CLAIMS, lifetime: 3m}}"
LONG = "0123456789abcdef0123456789abcdef"


def claims(token: str) -> dict[str, Any]:
    found = jwt.decode(token, OctKey.import_key(LONG), algorithms=["HS256"])
    assert found.header == {"alg": "HS256", "kid": "k1", "typ": "JWT"}
    return found.claims


def with_long(auth: str) -> str:
    return auth.replace("settings.long", "settings.pin")


def test_a_jwt_for_a_user() -> None:
    auth = with_long(APP + "jwt_bearer, client_auth: none, client_id: app, " + ASSERTION)
    request = asked(auth.replace("CLAIMS", "{sub: 'u@x', aud: login, n: '{{ settings.n }}'}"), pin=LONG)
    said = fields(request)
    assert (said["grant_type"], said["client_id"]) == ("urn:ietf:params:oauth:grant-type:jwt-bearer", "app")
    now = 1772366400
    expected = {"iss": "app", "aud": "login", "sub": "u@x", "n": 7, "iat": now, "exp": now + 180, "jti": MOMENT.uuid()}
    assert claims(said["assertion"]) == expected


def test_a_jwt_that_says_who_we_are() -> None:
    auth = with_long(APP + "client_credentials, client_auth: private_key_jwt, client_id: app, " + ASSERTION)
    said = fields(asked(auth.replace("CLAIMS", "{}"), pin=LONG))
    assert said["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    found = claims(said["client_assertion"])
    assert (found["iss"], found["sub"], found["aud"]) == ("app", "app", "https://login.crm.example/token")
    assert said["grant_type"] == "client_credentials"


def test_an_unusable_key_is_told_when_the_connection_is_prepared() -> None:
    auth = with_long(APP + "jwt_bearer, " + ASSERTION.replace("HS256", "RS256").replace("CLAIMS", "{}"))
    with pytest.raises(EvaluationError, match="no private key that `RS256`") as raised:
        source(auth, pin="c4n4ry")
    assert "c4n4ry" not in str(raised.value)
    how = Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"c4n4ry")
    for other in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())):
        with pytest.raises(EvaluationError, match="without a password"):
            source(auth, pin=other.private_bytes(*how).decode())


SEEDED = (
    APP + "refresh_token, seed: {refresh_token: '{{ settings.first }}', code: '{{ settings.code }}'}, rotates: true}"
)


def test_a_seed_is_asked_with_until_there_is_something_newer() -> None:
    assert fields(asked(SEEDED, first="r0"))["refresh_token"] == "r0"
    said = fields(asked(SEEDED, code="c0"))
    assert (said["grant_type"], said["code"]) == ("authorization_code", "c0")
    said = fields(asked(SEEDED, refresh="r1", first="r0", code="c0"))
    assert (said["grant_type"], said["refresh_token"], "code" in said) == ("refresh_token", "r1", False)


def test_without_a_seed_nothing_is_asked() -> None:
    with pytest.raises(RefusedError, match="nobody has authorised it yet"):
        next(source(SEEDED).ask(None, None, MOMENT))


def test_a_new_refresh_token_takes_the_place_of_the_old_one() -> None:
    _, granted = answered(source(SEEDED).ask("r1", None, MOMENT), TOKEN)
    assert (granted.values, granted.life, granted.refresh) == ({"access_token": "a1"}, 3600.0, "r2")
    _, granted = answered(source(SEEDED).ask("r1", None, MOMENT), says('{"access_token": "a2"}'))
    assert (granted.values, granted.life, granted.refresh) == ({"access_token": "a2"}, LONGEST, "r1")


def test_captured_values_and_their_places() -> None:
    auth = credential(
        APP
        + "client_credentials, client_id: a, capture: {access_token: body.t, url: body.url, refresh_token: body.r}, "
        "place: [{in: query, name: t, value: '{{ auth.access_token }}'}, "
        "{in: header, name: X, value: '{{ auth.url }}'}]}"
    )
    assert auth.captures == frozenset({"access_token", "url"})
    out = auth.prepare({"auth": {"access_token": "a&1", "url": "u"}}).sign(
        Rendered("GET", "https://x.example/"), MOMENT
    )
    assert (out.url, out.headers) == ("https://x.example/?t=a%261", (("X", "u"),))
    plain = credential(APP + "client_credentials, client_id: a}").prepare({"auth": {"access_token": "a1"}})
    assert plain.headers == (("Authorization", "Bearer a1"),)


REFUSALS = {
    "a dead refresh token": (says('{"error": "invalid_grant"}', 400), RefusedError, "upstream_auth"),
    "a status that says so": (says("", 401), RefusedError, "upstream_auth"),
    "a client that is not known": (says('{"error": "invalid_client"}', 401), CallError, "upstream_auth"),
    "another mistake": (says('{"error": "invalid_request"}', 400), CallError, "upstream_auth"),
    "a broken server": (says("<html>", 502), CallError, "upstream_unavailable"),
    "a slow one": (says("", 504), CallError, "upstream_timeout"),
    "too many": (says("", 429), CallError, "rate_limited"),
    "no token": (says('{"ok": true}'), CallError, "upstream_auth"),
    "no JSON": (says("access_token=a1"), CallError, "upstream_auth"),
    "somewhere else": (says("", 302), CallError, "upstream_auth"),
}


@pytest.mark.parametrize(("reply", "kind", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_who_is_down_is_not_who_refuses(reply: Any, kind: type[CallError], code: str) -> None:
    try:
        error = answered(source(SEEDED).ask("r1-c4n4ry", None, MOMENT), reply)[1].error
    except CallError as raised:
        error = raised
    assert error is not None
    assert (type(error), error.code) == (kind, code)
    assert error.upstream is not None
    assert (error.upstream.connection, error.upstream.status) == ("crm", reply.status)
    assert "c4n4ry" not in str(error)


def test_only_the_codes_of_the_standard_are_told() -> None:
    for body, told in (('{"error": "invalid_grant"}', True), ('{"error": "r1-c4n4ry"}', False)):
        with pytest.raises(CallError) as raised:
            answered(source(SEEDED).ask("r1-c4n4ry", None, MOMENT), says(body, 401))
        assert ("invalid_grant" in raised.value.detail, "c4n4ry" in str(raised.value)) == (told, False)


def test_reauthorise_when_decides_alone() -> None:
    auth = SEEDED[:-1] + ", reauthorise_when: status == `418`}"
    with pytest.raises(RefusedError):
        answered(source(auth).ask("r1", None, MOMENT), says("", 418))
    with pytest.raises(CallError) as raised:
        answered(source(auth).ask("r1", None, MOMENT), says('{"error": "invalid_grant"}', 400))
    assert not isinstance(raised.value, RefusedError)


def test_an_app_is_refused_but_nobody_has_to_authorise_it() -> None:
    with pytest.raises(CallError) as raised:
        answered(source(APP + "client_credentials, client_id: a}").ask(None, None, MOMENT), says("", 401))
    assert (type(raised.value), raised.value.code) == (CallError, "upstream_auth")


LOGIN = (
    "{type: login, requests: [{method: GET, path: /start}, "
    "{method: POST, path: /login, query: {n: '{{ settings.n }}'}, "
    "json: {user: '{{ settings.id }}', pin: '{{ settings.pin }}'}}], "
    'capture: {session: cookies.sid, csrf: headers."x-csrf", uid: body.id}, expires_in: 20m, '
    "also: {type: basic, username: u, password: '{{ settings.key }}'}, "
    "place: [{in: cookie, name: sid, value: '{{ auth.session }}'}, {in: cookie, name: lang, value: ru}, "
    "{in: header, name: X-CSRF, value: '{{ auth.csrf }}'}]}"
)
BASIC = "Basic " + base64.b64encode(b"u:k3y").decode()


def test_a_login_of_several_requests() -> None:
    start, login = says("", cookies={"first": "f1"}), says('{"id": 5}', 200, {"sid": "s1"}, **{"x-csrf": "c1"})
    (one, two), granted = answered(source(LOGIN).ask(None, None, MOMENT), start, login)
    assert (one.method, one.url) == ("GET", "https://crm.example/base/start")
    assert (two.method, two.url) == ("POST", "https://crm.example/base/login?n=7")
    assert json.loads(two.body or b"") == {"user": "me", "pin": "p1n"}
    assert (dict(one.headers)["Authorization"], dict(two.headers)["Authorization"]) == (BASIC, BASIC)
    assert ("Cookie" in dict(one.headers), dict(two.headers)["Cookie"]) == (False, "first=f1")
    assert (granted.values, granted.life) == ({"session": "s1", "csrf": "c1", "uid": 5}, 1200.0)
    assert granted.refresh is None


def test_what_a_login_brought_signs_every_call() -> None:
    request = Rendered("GET", "https://crm.example/x", (("Cookie", "own=1"), ("X-Csrf", "old")))
    prepared = credential(LOGIN).prepare({"settings": SETTINGS, "auth": {"session": "s1", "csrf": "c1"}})
    found = prepared.sign(request, MOMENT).headers
    assert dict(found) == {"X-CSRF": "c1", "Authorization": BASIC, "Cookie": "own=1; sid=s1; lang=ru"}
    assert len(found) == 3


def test_a_login_that_captures_null_is_refused_with_its_line() -> None:
    replies = says(""), says('{"code": 1, "id": null}', cookies={"sid": "s"})
    _, granted = answered(source(LOGIN).ask(None, None, MOMENT), *replies)
    assert granted.values is None
    assert granted.error is not None
    assert (granted.error.code, "no `csrf`" in granted.error.detail) == ("upstream_auth", True)
    assert granted.error.place is not None


@pytest.mark.parametrize(
    ("status", "code"), [(401, "upstream_auth"), (403, "upstream_auth"), (503, "upstream_unavailable")]
)
def test_a_login_stops_at_the_first_error(status: int, code: str) -> None:
    with pytest.raises(CallError) as raised:
        answered(source(LOGIN).ask(None, None, MOMENT), says("", status))
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("said", "life"),
    [
        *((0, SHORTEST), (-1, SHORTEST), ("3600", 3600.0), (1e12, LONGEST), (None, LONGEST), ("soon", LONGEST)),
        *(([], LONGEST), (True, SHORTEST), ("1e999", LONGEST), ("nan", LONGEST), (10**400, LONGEST), (59.5, 59.5)),
    ],
)
def test_a_life_is_within_bounds(said: Any, life: float) -> None:
    assert life_of(said) == life


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text()))
def test_whatever_a_system_says_a_life_is_within_bounds(said: Any) -> None:
    assert SHORTEST <= life_of(said) <= LONGEST


def test_what_is_asked_with_is_told_apart() -> None:
    app = APP + "client_credentials, client_id: '{{ settings.id }}', client_secret: '{{ settings.key }}'}"
    assert source(app).origin == source(app, pin="other", n=8).origin
    assert (
        len({source(app).origin, source(app, key="new").origin, source(app.replace("'}", "', scope: s}")).origin}) == 3
    )
    assert len({source(SEEDED).origin, source(SEEDED, first="r0").origin, source(SEEDED, code="r0").origin}) == 3
    assert source(SEEDED, first="r0", key="new").origin == source(SEEDED, first="r0").origin


@pytest.mark.parametrize(
    ("auth", "settings", "durable", "personal"),
    [
        (APP + "client_credentials, client_id: a}", {}, False, False),
        (SEEDED, {}, True, False),
        (SEEDED.replace("rotates: true", "rotates: false"), {"first": "r"}, False, False),
        (SEEDED.replace("rotates: true", "rotates: false"), {"code": "c"}, True, False),
        (APP + "authorization_code, client_id: a}", {}, True, True),
        (LOGIN, {}, False, False),
    ],
)
def test_what_must_outlive_the_process(auth: str, settings: dict[str, str], durable: bool, personal: bool) -> None:
    found = source(auth, **settings)
    assert (found.durable, found.personal) == (durable, personal)


WRONG: dict[str, tuple[str, str, str]] = {
    "a grant that is not known": (APP + "implicit}", "wrong-value", "`implicit`"),
    "an algorithm that is not known": (
        APP + "jwt_bearer, assertion: {algorithm: RS1, key: k}}",
        "wrong-value",
        "`RS1`",
    ),
    "a JWT without an assertion": (APP + "jwt_bearer}", "missing-key", "`assertion`"),
    "who we are, without a name": (
        APP + "client_credentials, client_auth: basic, client_id: a}",
        "missing-key",
        "client_secret",
    ),
    "a refresh token from nowhere": (APP + "refresh_token}", "missing-key", "`seed`"),
    "a seed for everybody": (APP + "refresh_token, subject: '{{ input.id }}', seed: {code: c}}", "one-of", "everybody"),
    "a token of one call": (APP + "client_credentials, client_id: '{{ input.id }}'}", "unknown-name", "`input`"),
    "an answer of one call": (APP + "client_credentials, capture: {a: input.id}}", "unknown-name", "`input`"),
    "a secret in the address": (
        APP.replace("/token", "/{{ settings.key }}") + "client_credentials}",
        "secret-misplaced",
        "key",
    ),
    "what is not captured": (
        APP + "client_credentials, place: {in: header, name: X, value: '{{ auth.acces_token }}'}}",
        "unknown-member",
        "access_token",
    ),
    "a duration without a unit": (APP + "client_credentials, expires_in: 20}", "wrong-duration", "20s"),
    "a duration of another unit": (APP + "client_credentials, expires_in: 20 min}", "wrong-duration", "unit"),
    "a login without requests": ("{type: login, requests: []}", "wrong-type", "a list"),
    "a second login": (
        "{type: login, requests: [{method: GET, path: /a}], also: {type: login}}",
        "wrong-value",
        "`login`",
    ),
    "a key in the path beside a login": (
        "{type: login, requests: [{method: GET, path: /a}], also: {type: api_key, in: path, value: a}}",
        "wrong-value",
        "path",
    ),
    "an unknown kind": ("{type: kerberos}", "wrong-value", "`kerberos`"),
}


@pytest.mark.parametrize(("auth", "code", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told(auth: str, code: str, says: str) -> None:
    (problem,) = problems(auth)
    assert problem.code == code
    assert says in f"{problem.message} {problem.remedy}"


def test_a_name_that_no_call_knows_is_told_in_a_login() -> None:
    auth = LOGIN.replace("{n: '{{ settings.n }}'}", "{n: '{{ input.n }}', a: '{{ settings.key }}'}")
    assert {problem.code for problem in problems(auth)} == {"unknown-name", "secret-misplaced"}


def test_an_operation_names_its_credential() -> None:
    auth = "{app: {type: bearer, token: t}, client: {type: basic, username: u, password: p}}"
    (problem,) = problems(auth)
    assert problem.code == "missing-key"
    assert "`app`, `client`" in problem.message
    with_auth = auth + "\n  verify: get"
    (problem,) = problems(with_auth)
    assert problem.span.line == 12
    assert connector("{app: {type: bearer, token: t}}").connection.credentials.keys() == {"app"}


def test_a_login_may_speak_soap() -> None:
    auth = (
        "{type: login, requests: [{method: POST, path: /s, soap: {body: {Login: '{{ settings.pin }}'}}}], "
        "capture: {sid: body.Envelope.Body.LoginResponse.Sid}, "
        "place: {in: header, name: X-Sid, value: '{{ auth.sid }}'}}"
    )
    envelope = "<e:Envelope xmlns:e='u'><e:Body><LoginResponse><Sid>s1</Sid></LoginResponse></e:Body></e:Envelope>"
    reply = says(envelope)._replace(headers={"content-type": "text/xml; charset=utf-8"})
    (request,), granted = answered(source(auth).ask(None, None, MOMENT), reply)
    assert b"<soap:Body><Login>p1n</Login></soap:Body>" in (request.body or b"")
    assert dict(request.headers)["SOAPAction"] == '""'
    assert granted.values == {"sid": "s1"}
