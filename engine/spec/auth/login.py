"""A login of the system's own: requests in order, and what the last answer brings."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from engine.spec.auth.constant import ApiKey, Basic, Bearer
from engine.spec.auth.signature import Moment, Signature, joined
from engine.spec.auth.signed import Hmac, HttpSignature, OAuth1, refuse_path
from engine.spec.auth.token import Asking, Source, TokenAuth, answer_of, refusal
from engine.spec.names import Names
from engine.spec.reading import about
from engine.spec.request import Base, Request
from engine.spec.tree import Scope

Also = Annotated[ApiKey | Basic | Bearer | OAuth1 | Hmac | HttpSignature, Field(discriminator="type")]


class Login(TokenAuth):
    """Values that a login yields: a session, a token, an id."""

    type: Literal["login"] = about("A login of the system's own.", default=...)
    requests: list[Request] = Field(
        min_length=1,
        description="Sent in order, against `base_url`; cookies of one go to the next.",
        examples=[[{"method": "POST", "path": "/login", "json": {"user": "{{ settings.user }}"}}]],
    )
    also: Also | None = about("A second auth, for login and calls.", {"type": "bearer", "token": "{{ settings.key }}"})

    def link_requests(self, names: Names) -> None:
        replace(names, rules={**names.rules, "body": {}}).check(self.requests)
        names.check(self.also)
        refuse_path([self.also] if isinstance(self.also, ApiKey) else [])

    def source(self, connection: str, scope: Scope, base: Base) -> Source:
        """Where its values come from."""
        return Source(self, connection, scope, base, self.digest(scope["settings"]))

    def prepare(self, scope: Scope) -> Signature:
        """The values in their places, and the second auth."""
        return joined([super().prepare(scope), *([self.also.prepare(scope)] if self.also is not None else [])])

    def ask(self, source: Source, scope: Scope, refresh: str | None, code: str | None, moment: Moment) -> Asking:
        """Every request, with the cookies that came before. Raises CallError where one is answered by an error."""
        cookies: dict[str, str] = {}
        also = self.also.prepare(scope) if self.also is not None else Signature()
        for request in self.requests:
            rendered = request.plan(source.base, idempotent=True).render(scope)
            known = Signature(cookies=tuple(f"{name}={value}" for name, value in cookies.items()))
            reply = yield joined([known, also]).sign(rendered, moment)
            if reply.status >= 400:
                raise refusal(source, reply)
            cookies |= reply.cookies
        return self.granted(source, reply, answer_of(reply))
