"""Two projects with everything that can be asked, each before a bank of its own: what the tests of tenants play on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.settings.clock import SystemIds
from engine.spec.key import new_key
from tests.service.stage import Bank, Stage, bank, serving

CONNECTOR = """
connector: acme
version: 1.0.0
engine: ">=1.0"
title: Acme bank
settings:
  url: {type: url}
  id: string
  secret: {type: secret}
connection:
  base_url: "{{ settings.url }}"
  auth:
    type: oauth2
    grant: client_credentials
    token_url: "{{ settings.url }}/token"
    client_id: "{{ settings.id }}"
    client_secret: "{{ settings.secret }}"
  timeout: {connect: 2s, total: 5s}
  limits: {concurrency: 8}
operations:
  find_client:
    capability: identity
    accepts: [phone, email, inn, crm_id, social]
    request: {method: GET, path: /find, query: {q: "{{ input.value }}"}}
    output: {clients: [{key: body.key, name: body.name, phones: [body.phone], emails: [body.email]}]}
  session:
    capability: authorization
    request: {method: POST, path: /session, json: {token: "{{ input.token }}"}}
    output: {key: body.key, name: {full: body.name}, phones: [body.phone]}
  client:
    capability: card
    request: {method: GET, path: "/clients", query: {key: "{{ input.client_key }}"}}
    output: {key: body.key, type: {const: person}, name: {full: body.name}, phones: [body.phone], inn: body.inn}
  accounts:
    capability: products
    request: {method: GET, path: "/accounts", query: {key: "{{ input.client_key }}"}}
    output: {products: [{id: {const: a1}, kind: {const: account}, number: body.number, balance: body.balance}]}
  offers:
    capability: showcase
    request: {method: GET, path: /offers, query: {segment: "{{ input.segment }}"}}
    output: {offers: [{id: {const: o1}, name: body.name, price: {amount: body.balance, free: {const: false}}}]}
  convert:
    title: Every type of input
    input:
      amount: {type: decimal, min: 0, max: 1000000}
      count?: {type: integer, min: 1, max: 99}
      day?: date
      at?: instant
      flag?: boolean
      phone?: phone
      email?: email
      page?: url
      kind?: {type: string, enum: [a, b], default: a}
      note?: {type: string, max_length: 20, pattern: "^[a-z ]*$", nullable: true}
      tags?: {type: list, items: integer, max_length: 3}
      more?: object
    request: {method: POST, path: /convert, json: {amount: "{{ input.amount }}", count: "{{ input.count }}"}}
    output: {of: body.of}
  note:
    title: A text
    input: {text: string}
    request: {method: POST, path: /note, json: {text: "{{ input.text }}"}}
    output: {text: body.echo.text, of: body.of}
  total:
    request: {method: GET, path: /total}
    output: body.balance
"""

PROJECT = """
  {name}:
    defaults: {{deadline: 5s, language: {language}}}
    connections:
      bank:
        connector: acme
        settings: {{url: "{url}", id: "{name}", secret: "${{SECRET_{name}}}"}}
        insecure: true
        network: {{allow: [127.0.0.0/8]}}
        cache: {{ttl: 60s}}
    capabilities: {{identity: bank, authorization: bank, card: bank, products: bank, showcase: bank}}
    flows:
      whole:
        title: Card and products
        input: {{client_key: string}}
        steps:
          card: {{call: card, input: {{client_key: "{{{{ input.client_key }}}}"}}}}
          owned: {{call: products, input: {{client_key: "{{{{ input.client_key }}}}"}}}}
        output:
          name: card.output.name.full
          balance: "owned.output.products[0].balance"
          phone: "card.output.phones[0]"
          said: "{{{{ card.output.inn }}}} has {{{{ owned.output.products[0].number }}}}"
    keys:
      - {{name: {name}-bot, hash: "{bot}", allow: ["*"], rights: []}}
      - {{name: {name}-chief, hash: "{chief}", allow: ["*"], rights: [reveal, explain]}}
"""
NAMES = ("retail", "wealth")


def banker(name: str, found: Bank) -> None:
    """Make the bank answer for clients of its own, tokens of its own; `found.seen` keeps who asked for what."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/token":
            form = await request.post()
            return web.json_response({"access_token": f"token-of-{form['client_id']!s}", "expires_in": 600})
        if request.headers.get("Authorization") != f"Bearer token-of-{name}":
            return web.json_response({}, status=401)
        body: Any = await request.json() if request.can_read_body else None
        person = {"key": request.query.get("key") or f"client-of-{name}", "name": f"{name.title()} Person"}
        person |= {"phone": "+79001234567", "email": "ivan@example.com", "inn": "500100732259"}
        return web.json_response({**person, "number": "40817810099910004312", "balance": 1.5, "of": name, "echo": body})

    found.other = answer


@asynccontextmanager
async def tenants(folder: Path, **variables: Any) -> AsyncGenerator[tuple[Stage, Bank]]:
    """The service of both projects; its own bank is that of `retail`, the other that of `wealth`."""
    async with bank() as one, bank() as other:
        texts, keys = [], dict[str, str]()
        for name, found in zip(NAMES, (one, other), strict=True):
            banker(name, found)
            made = {who: new_key(SystemIds()) for who in ("bot", "chief")}
            keys |= {f"{name}-{who}": text for who, (text, _) in made.items()}
            hashes = {who: hashed for who, (_, hashed) in made.items()}
            language = {"retail": "ru", "wealth": "en"}[name]
            texts.append(PROJECT.format(name=name, url=found.url, language=language, **hashes))
        (folder / "connectors" / "acme").mkdir(parents=True)
        await asyncio.to_thread((folder / "connectors/acme/connector.yaml").write_text, CONNECTOR, encoding="utf-8")
        path = folder / "tolmach.yaml"
        await asyncio.to_thread(path.write_text, "projects:" + "".join(texts), encoding="utf-8")
        environ = {f"SECRET_{name}": f"s3cret-of-{name}" for name in NAMES}
        async with serving(path, keys, one, environ, **variables) as door:
            yield door, other
