"""The hot path: what the caller sends, what the upstream must be sent, what it answers, and the one golden answer."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TITLE = "Hot path: JSON in, validated; six templated values; POST to the upstream; fifteen fields mapped and validated"
PATH = "/v1/bench/card"
KEY = "tlm_be9c4000_benchmark-key-that-opens-nothing-else-00000"
KEY_HASH = hashlib.sha256(KEY.encode()).hexdigest()
UPSTREAM_TOKEN = "upstream-token-of-the-benchmark"
HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
BODY = json.dumps({"client_key": "412"}).encode()


def _field(code: str, name: str, *values: str) -> dict[str, Any]:
    rows = [{"value": value, "enum_id": 395 + n, "enum_code": "WORK"} for n, value in enumerate(values)]
    return {"field_id": 1000 + len(code), "field_name": name, "field_code": code, "field_type": "text", "values": rows}


UPSTREAM_ANSWER: dict[str, Any] = {
    "id": 412,
    "name": "Петров Иван Сергеевич",
    "first_name": "Иван",
    "last_name": "Петров",
    "is_company": False,
    "responsible_user_id": 9,
    "group_id": 0,
    "created_by": 9,
    "updated_by": 9,
    "created_at": 1760000000,
    "updated_at": 1790000000,
    "closest_task_at": None,
    "is_deleted": False,
    "custom_fields_values": [
        _field("PHONE", "Телефон", "+79001234567", "+74951234567"),
        _field("EMAIL", "Email", "ivan.petrov@example.com"),
        _field("BIRTHDAY", "День рождения", "1990-05-04"),
        _field("INN", "ИНН", "500100732259"),
        _field("SEGMENT", "Сегмент", "premium"),
        _field("NOTE", "Примечание", "Звонить после обеда"),
    ],
    "account_id": 31415926,
    "manager": {"id": 9, "name": "Анна Смирнова", "email": "anna@bank.example", "group": "Retail"},
    "_links": {"self": {"href": "https://crm.example/api/v4/contacts/412"}},
    "_embedded": {
        "tags": [{"id": 1, "name": "vip"}, {"id": 2, "name": "chat"}],
        "companies": [{"id": 77, "name": "ООО «Ромашка»", "_links": {"self": {"href": "/api/v4/companies/77"}}}],
    },
}

GOLDEN: dict[str, Any] = {
    "key": "412",
    "type": "person",
    "name": {"first": "Иван", "last": "Петров"},
    "phones": ["+79001234567", "+74951234567"],
    "emails": ["ivan.petrov@example.com"],
    "birth_date": "1990-05-04",
    "inn": "500100732259",
    "segment": "premium",
    "companies": [{"key": "77", "name": "ООО «Ромашка»"}],
    "manager": {"key": "9", "name": "Анна Смирнова", "email": "anna@bank.example"},
    "url": "https://crm.example/contacts/detail/412",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the upstream saw it; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def judge_request(sent: Sent) -> list[str]:
    """What is wrong with a service's upstream request; nothing if it is the one that everybody must send."""
    url = urlsplit(sent.target)
    found: dict[str, Any] = {
        "method": sent.method,
        "path": url.path,
        "query": dict(parse_qsl(url.query)),
        "body": json.loads(sent.body or b"null"),
        **{name: sent.headers.get(name) for name in _WANTED if name.startswith(("x-", "auth", "accept"))},
    }
    return [
        f"{name}: wanted {_WANTED[name]!r}, found {found[name]!r}" for name in _WANTED if found[name] != _WANTED[name]
    ]


def judge_answer(body: bytes) -> list[str]:
    """What is wrong with a service's answer: `data` must be the golden one, but for null and empty members."""
    document = json.loads(body)
    if not isinstance(document, dict) or not isinstance(document.get("meta"), dict):
        return ['the answer is not {"data": …, "meta": {…}}']
    found = _without_nothing(document.get("data"))
    return [] if found == GOLDEN else [f"data: wanted {GOLDEN}, found {found}"]


def judge_proxied(body: bytes) -> list[str]:
    """What is wrong with the answer of a proxy: it is the upstream's own."""
    return [] if json.loads(body) == UPSTREAM_ANSWER else ["the answer is not the upstream's"]


_WANTED: dict[str, Any] = {
    "method": "POST",
    "path": "/api/v4/contacts/412/card",
    "query": {"reference": "chat-412", "with": "companies"},
    "accept": "application/json",
    "authorization": f"Bearer {UPSTREAM_TOKEN}",
    "x-tenant": "retail",
    "x-client-key": "412",
    "x-idempotency-key": "card:412:v1",
    "body": {
        "filter": {"id": 412, "entity": "contact"},
        "note": "card of 412 for retail",
        "fields": ["name", "custom_fields_values", "companies", "manager"],
    },
}


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_nothing(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, [], {})}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value
