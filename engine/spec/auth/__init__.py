"""How a request is signed: each kind of auth is a model that prepares its own signature."""

from engine.spec.auth.constant import ApiKey as ApiKey
from engine.spec.auth.constant import Basic as Basic
from engine.spec.auth.constant import Bearer as Bearer
from engine.spec.auth.constant import NoAuth as NoAuth
from engine.spec.auth.constant import Place as Place
from engine.spec.auth.constant import no_auth as no_auth
from engine.spec.auth.constant import unknown_auth as unknown_auth
from engine.spec.auth.credentials import Auth as Auth
from engine.spec.auth.credentials import Credentials as Credentials
from engine.spec.auth.login import Login as Login
from engine.spec.auth.oauth2 import OAuth2 as OAuth2
from engine.spec.auth.signature import Moment as Moment
from engine.spec.auth.signature import Signature as Signature
from engine.spec.auth.signature import secrets_of as secrets_of
from engine.spec.auth.signature import written as written
from engine.spec.auth.signed import Hmac as Hmac
from engine.spec.auth.signed import HttpSignature as HttpSignature
from engine.spec.auth.signed import OAuth1 as OAuth1
from engine.spec.auth.token import Source as Source
from engine.spec.auth.token import TokenAuth as TokenAuth
