"""OAuth 2: an access token for client, user or assertion, renewed by what the answer brought (RFC 6749)."""

from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote

from engine.language.codec.form import encode_form
from engine.language.codec.json import encode_json
from engine.language.expression import Expression, compile_expression
from engine.language.template import Template
from engine.spec.auth.assertion import Assertion
from engine.spec.auth.constant import Place, basic, header
from engine.spec.auth.signature import Moment, written
from engine.spec.auth.token import Asking, RefusedError, Source, TokenAuth, answer_of, digest_of, refusal
from engine.spec.fields import WrittenPairs, pairs
from engine.spec.names import Names
from engine.spec.reading import Model, about
from engine.spec.request import Base
from engine.spec.strings import ExpressionField, TemplateField
from engine.spec.tree import Scope
from engine.spec.tree.nodes import evaluate, holds
from engine.spec.trip import Rendered

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Seed(Model):
    """What somebody got from the system by hand; used until there is something newer."""

    refresh_token: TemplateField | None = about("A first refresh token.", "{{ settings.refresh_token }}")
    code: TemplateField | None = about("Or a code.", "{{ settings.authorization_code }}")


class OAuth2(TokenAuth):
    """An access token that is fetched, shared and renewed (RFC 6749)."""

    type: Literal["oauth2"] = about("A token that is fetched and renewed (RFC 6749).", default=...)
    grant: Literal["client_credentials", "refresh_token", "password", "jwt_bearer", "authorization_code"] = about(
        "What the token is given for.", default=...
    )
    token_url: TemplateField = about("Where it is asked for.", "https://login.crm.example/token", default=...)
    token_body: Literal["form", "json"] = about("How it is asked for.", default="form")
    client_id: TemplateField | None = about("Our name there.", "{{ settings.client_id }}")
    client_secret: TemplateField | None = about("Its secret.", "{{ settings.client_secret }}")
    client_auth: Literal["post", "basic", "private_key_jwt", "none"] = about(
        "How we say who we are: in the body, by HTTP Basic, by a signed assertion.", default="post"
    )
    scope: TemplateField | None = about("What the token is for.", "accounts")
    params: WrittenPairs = about("Further parameters of the request.", {"username": "{{ settings.user }}"})
    assertion: Assertion | None = about("What is signed, for `jwt_bearer` and `private_key_jwt`.")
    seed: Seed | None = about("What the first token is asked for with.")
    rotates: bool = about("A refresh token is good for one use.", default=False)
    reauthorise_when: ExpressionField | None = about(
        "An answer that says that somebody has to authorise anew; without it, `invalid_grant`, or status 401.",
        "status == `400`",
    )
    OWN: ClassVar[dict[str, Expression]] = {"access_token": compile_expression("body.access_token")}
    LASTS: ClassVar[Expression | float] = compile_expression("body.expires_in")
    subject: TemplateField | None = about("One token for each of its values.", "{{ input.client_key }}")

    @property
    def places(self) -> list[Place]:
        return super().places or [_BEARER]

    @property
    def coded(self) -> bool:
        """Whether it lives on what somebody authorised: a code, and the refresh tokens that follow."""
        return self.grant in ("authorization_code", "refresh_token")

    def link(self, names: Names) -> None:
        """Check the names, and that what the grant needs is there."""
        super().link(names)
        names.check(self.subject)
        for key in dict.fromkeys((*_NEEDED.get(self.grant, ()), *_NEEDED.get(self.client_auth, ()))):
            if getattr(self, key) is None:
                ways = f"`{self.grant}` with `client_auth: {self.client_auth}`"
                self.report("missing-key", f"`{key}` is missing, which {ways} needs", f"add `{key}:`", "grant")
        if self.seed is not None and self.subject is not None:
            message = "`seed` and `subject` stand together: everybody would get the token of the seed"
            self.report("one-of", message, "take `seed` out; `authorise` brings each subject's first token", "seed")

    def link_requests(self, names: Names) -> None:
        names.inside("url").check(self.token_url)
        names.check([self.client_id, self.client_secret, self.scope, self.params, self.assertion, self.seed])

    def source(self, connection: str, scope: Scope, base: Base) -> Source:
        """Where its tokens come from. Raises EvaluationError for an unusable key."""
        if self.assertion is not None:
            self.assertion.import_key(scope)
        seed = self._seed(scope)
        origin = (digest_of(seed) if any(seed) else "") if self.coded else self.digest(scope["settings"])
        durable = self.grant == "authorization_code" or self.rotates or seed[1] is not None
        personal = self.subject is not None or (self.grant == "authorization_code" and not any(seed))
        url = written(self.token_url, scope)
        given = " or ".join(f"`{part.text}`" for part in self._seeds if part is not None)
        remedy = "it has to be authorised anew" + (f", with a new {given}" if given else "")
        return Source(self, connection, scope, base, origin, url, self.coded, durable, personal, remedy)

    def ask(self, source: Source, scope: Scope, refresh: str | None, code: str | None, moment: Moment) -> Asking:
        """One request: with the refresh token, the code, or what the grant itself says."""
        if not self.coded:
            refresh = None  # its own credentials always open the system, a refresh token may die
        if self.coded and not refresh and not code:
            refresh, code = self._seed(scope)
            if not refresh and not code:
                raise RefusedError("upstream_auth", "nobody has authorised it yet")
        reply = yield self._request(source.url, scope, refresh, code, moment)
        answer = answer_of(reply)
        if self.coded and self._over(answer):
            detail = f"the system no longer takes its {'refresh token' if refresh else 'code'}{_error(answer)}"
            raise RefusedError("upstream_auth", detail, upstream=source.upstream(reply))
        if not 200 <= reply.status < 300:
            raise refusal(source, reply, _error(answer))
        found = evaluate(self.capture.get("refresh_token", _REFRESH), answer)
        return self.granted(source, reply, answer, str(found) if found else refresh)

    def _over(self, answer: Scope) -> bool:
        if self.reauthorise_when is not None:
            return holds(evaluate(self.reauthorise_when, answer))
        error = answer["body"].get("error") if isinstance(answer["body"], dict) else None
        return error == "invalid_grant" or (answer["status"] == 401 and error != "invalid_client")

    def _seed(self, scope: Scope) -> tuple[str | None, str | None]:
        refresh, code = (part(scope) if part is not None else None for part in self._seeds)
        return refresh or None, code or None

    @property
    def _seeds(self) -> tuple[Template | None, Template | None]:
        return (self.seed.refresh_token, self.seed.code) if self.seed is not None else (None, None)

    def _request(self, url: str, scope: Scope, refresh: str | None, code: str | None, moment: Moment) -> Rendered:
        headers = [("Accept", "application/json")]
        fields: dict[str, Any] = {"grant_type": self.grant, "scope": _given(self.scope, scope)}
        if refresh:
            fields |= {"grant_type": "refresh_token", "refresh_token": refresh}
        elif code:
            fields |= {"grant_type": "authorization_code", "code": code}
        elif self.assertion is not None and self.grant == "jwt_bearer":
            issuer = {"iss": _given(self.client_id, scope), "aud": url}
            fields |= {"grant_type": JWT_BEARER, "assertion": self.assertion.signed(scope, moment, issuer)}
        fields |= self._client(scope, url, moment, headers)
        fields |= self.params(scope) if self.params is not None else {}
        fields = {name: value for name, value in fields.items() if value is not None}
        form = self.token_body != "json"  # noqa: S105 - not a password
        headers.append(("Content-Type", "application/x-www-form-urlencoded" if form else "application/json"))
        return Rendered("POST", url, tuple(headers), encode_form(pairs(fields)) if form else encode_json(fields))

    def _client(self, scope: Scope, url: str, moment: Moment, headers: list[tuple[str, str]]) -> dict[str, Any]:
        """Who we are: members of the body, or a header."""
        client, secret = _given(self.client_id, scope), _given(self.client_secret, scope)
        if self.client_auth == "basic":
            headers.append(basic(quote(client or "", ""), quote(secret or "", "")))
            return {}
        if self.client_auth == "private_key_jwt" and self.assertion is not None:
            signed = self.assertion.signed(scope, moment, {"iss": client, "sub": client, "aud": url})
            return {"client_id": client, "client_assertion_type": CLIENT_ASSERTION, "client_assertion": signed}
        return {"client_id": client, "client_secret": secret if self.client_auth == "post" else None}


def _given(template: Template | None, scope: Scope) -> Any:
    return template(scope) if template is not None else None


def _error(answer: Scope) -> str:
    """The code of RFC 6749 that an answer names; nothing else of it is told."""
    error = answer["body"].get("error") if isinstance(answer["body"], dict) else None
    return f" ({error})" if error in _ERRORS else ""


_NEEDED: Final = {
    "jwt_bearer": ("assertion",),
    "refresh_token": ("seed",),
    "password": ("params",),
    "basic": ("client_id", "client_secret"),
    "private_key_jwt": ("client_id", "assertion"),
}
_ERRORS: Final = (
    *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
    *("invalid_scope", "access_denied", "server_error", "temporarily_unavailable"),
)
_REFRESH: Final = compile_expression("body.refresh_token")
_BEARER: Final = header("Authorization", "Bearer {{ auth.access_token }}")
