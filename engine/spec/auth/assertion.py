"""A signed JWT that says who we are, or for whom we ask (RFC 7523)."""

from typing import Any, Final, Literal

from engine.errors import EvaluationError
from engine.spec.auth.signature import Moment, written
from engine.spec.duration import Duration, lasting
from engine.spec.fields import WrittenPairs
from engine.spec.reading import Model, about
from engine.spec.strings import TemplateField
from engine.spec.tree import Scope

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "EdDSA"
]


class Assertion(Model):
    """A JWT; `iss`, `sub` and `aud` have the usual values where `claims` says nothing."""

    algorithm: Algorithm = about("How it is signed.", "RS256", default=...)
    key: TemplateField = about("The private key as PEM, or the shared one.", "{{ settings.private_key }}", default=...)
    kid: TemplateField | None = about("The key's name there.", "{{ settings.kid }}")
    claims: WrittenPairs = about("Its claims.", {"sub": "{{ settings.user }}"})
    lifetime: Duration = lasting("5m", "How long it is good.")

    def import_key(self, scope: Scope) -> Any:
        """The key. Raises EvaluationError, which shows nothing of it."""
        from joserfc.errors import JoseError
        from joserfc.jwk import import_key  # it costs more than the rest of the room

        try:
            return import_key(written(self.key, scope), _KEYS[self.algorithm[:2]])
        except (ValueError, TypeError, JoseError):  # TypeError: there is a password on it
            found = f"is no private key that `{self.algorithm}` takes, without a password"
            raise EvaluationError(f"`assertion.key` {found}") from None

    def signed(self, scope: Scope, moment: Moment, usual: dict[str, Any]) -> str:
        """The JWT; a `usual` claim stands where the file gives none. Raises EvaluationError for an unusable key."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        now = int(moment.now().timestamp())
        claims = usual | {"iat": now, "exp": now + int(self.lifetime), "jti": moment.uuid()}
        claims |= self.claims(scope) if self.claims is not None else {}
        header = {"alg": self.algorithm, "kid": written(self.kid, scope)} if self.kid else {"alg": self.algorithm}
        given = {name: value for name, value in claims.items() if value is not None}
        try:
            return jwt.encode(header, given, self.import_key(scope), algorithms=[self.algorithm])
        except (JoseError, ValueError):
            raise EvaluationError(f"`assertion.key` cannot sign with `{self.algorithm}`") from None


_Kind = Literal["oct", "RSA", "EC", "OKP"]
_KEYS: Final[dict[str, _Kind]] = {"HS": "oct", "RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
