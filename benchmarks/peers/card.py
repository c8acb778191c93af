"""What the hand-written peers share: models, key, the request that is sent, the fifteen fields that are read."""

import hashlib
import hmac
import os
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints

UPSTREAM = os.environ["BENCH_UPSTREAM"]
UPSTREAM_TOKEN = os.environ["BENCH_UPSTREAM_TOKEN"]
KEY_HASH = os.environ["BENCH_KEY_HASH"]
TENANT = "retail"
TIMEOUT, CONNECT_TIMEOUT = 8.0, 2.0
HEADERS = {"Accept": "application/json", "Authorization": f"Bearer {UPSTREAM_TOKEN}", "X-Tenant": TENANT}

Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254, to_lower=True)]


class CardRequest(BaseModel):
    """What a caller sends."""

    client_key: Key


class Name(BaseModel):
    """A client's name."""

    first: str | None = None
    last: str | None = None


class Company(BaseModel):
    """A company that the client acts for."""

    key: str
    name: str | None = None


class Manager(BaseModel):
    """The employee who looks after the client."""

    key: str
    name: str | None = None
    email: Email | None = None


class ClientCard(BaseModel):
    """The fifteen fields of the answer."""

    key: str
    type: Literal["person", "company"]
    name: Name
    phones: list[Phone] = []
    emails: list[Email] = []
    birth_date: date | None = None
    inn: str | None = None
    segment: str | None = None
    companies: list[Company] = []
    manager: Manager | None = None
    url: str | None = None


class Meta(BaseModel):
    """What is said about the answer."""

    took_ms: float


class Envelope(BaseModel):
    """The whole answer."""

    data: ClientCard
    meta: Meta


def key_is_right(authorization: str | None) -> bool:
    """Whether `Authorization: Bearer …` shows the key of the deployment."""
    scheme, _, key = (authorization or "").partition(" ")
    found = hashlib.sha256(key.encode()).hexdigest()
    return scheme.lower() == "bearer" and hmac.compare_digest(found, KEY_HASH)


def upstream_request(key: str) -> dict[str, Any]:
    """Path, query, headers and body of the upstream call, as both clients take them. `key` is a checked client key."""
    return {
        "url": f"/api/v4/contacts/{_segment(key)}/card",
        "params": {"reference": f"chat-{key}", "with": "companies"},
        "headers": {"X-Client-Key": key, "X-Idempotency-Key": f"card:{key}:v1"},
        "json": {
            "filter": {"id": int(key), "entity": "contact"},
            "note": f"card of {key.upper()} for {TENANT}",
            "fields": ["name", "custom_fields_values", "companies", "manager"],
        },
    }


def read_card(body: dict[str, Any]) -> ClientCard:
    """The card in the CRM's answer. Raises pydantic.ValidationError, KeyError."""
    fields = {field["field_code"]: [row["value"] for row in field["values"]] for field in body["custom_fields_values"]}
    manager = body["manager"]
    return ClientCard.model_validate(
        {
            "key": str(body["id"]),
            "type": "company" if body["is_company"] else "person",
            "name": {"first": body["first_name"], "last": body["last_name"]},
            "phones": fields["PHONE"],
            "emails": fields["EMAIL"],
            "birth_date": fields["BIRTHDAY"][0],
            "inn": fields["INN"][0],
            "segment": fields["SEGMENT"][0],
            "companies": [{"key": str(row["id"]), "name": row["name"]} for row in body["_embedded"]["companies"]],
            "manager": {"key": str(manager["id"]), "name": manager["name"], "email": manager["email"]},
            "url": f"https://crm.example/contacts/detail/{body['id']}",
        }
    )


def _segment(key: str) -> str:
    if "/" in key or key in {".", ".."}:
        raise ValueError("not a path segment")
    return key
