"""The `auth` of a connection: one credential, or several with names."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from engine.document import Map
from engine.spec.auth.constant import ApiKey, Basic, Bearer, NoAuth
from engine.spec.auth.login import Login
from engine.spec.auth.oauth2 import OAuth2
from engine.spec.auth.signed import Hmac, HttpSignature, OAuth1

Auth = NoAuth | ApiKey | Basic | Bearer | OAuth1 | OAuth2 | Login | Hmac | HttpSignature
_One = Annotated[Auth, Field(discriminator="type")]
_Named = Annotated[dict[str, _One], Tag("<named>")]


def _form(value: Any) -> str:
    named = isinstance(value, Map) and value and "type" not in value and all(isinstance(v, Map) for v in value.values())
    return "<named>" if named else "<one>"


Credentials = Annotated[Annotated[_One, Tag("<one>")] | _Named, Discriminator(_form)]
"""A credential, or names and credentials."""
