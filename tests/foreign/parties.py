"""Invented parties, and the JSON-RPC that puts them into Tryton."""

import base64
import json
import urllib.request
from typing import Any

IVAN_MAIL = "Ivan.Petrov@Example.org"
LONG_STREET = "Очень длинная улица имени первого покорителя северных рек, дом {}"


def load(url: str, password: str) -> dict[str, int]:
    """Create the parties; name → id in the database."""
    created = call(url, password, "model.party.party.create", [_row(party) for party in _PARTIES])
    return {str(party["name"]): key for party, key in zip(_PARTIES, created, strict=True)}


def call(url: str, password: str, method: str, *parameters: Any) -> Any:
    """One call as the administrator. Raises RuntimeError with Tryton's error."""
    body = json.dumps({"id": 1, "method": method, "params": [*parameters, {}]}).encode()
    credentials = base64.b64encode(f"admin:{password}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/crm/rpc/", body, headers), timeout=60) as reply:
        answer = json.load(reply)
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


_PARTIES: list[dict[str, Any]] = [
    {
        "name": "Иван Петров",
        "code": "C-412",
        "contacts": [("phone", "+7 900 123-45-67"), ("mobile", "+7 916 765-43-21"), ("email", IVAN_MAIL)],
        "addresses": [{"street": "ул. Советская, 1", "city": "Тверь", "postal_code": "170100"}],
        "identifiers": [{"type": "ru_vat", "code": "500100732259"}],
    },
    {"name": "Anna Smith", "contacts": [("mobile", "+44 20 7946 0123"), ("email", "anna_smith@example.org")]},
    {"name": "Anna Xmith", "contacts": [("email", "annaxsmith@example.org")]},
    {"name": "Пётр Общий", "contacts": [("phone", "+7 495 123-45-67")]},
    {"name": "Мария Общая", "contacts": [("mobile", "+7 495 123-45-67")]},
    {"name": "ООО «Ромашка»", "addresses": [{"street": LONG_STREET.format(n)} for n in range(40)]},
]


def _row(party: dict[str, Any]) -> dict[str, Any]:
    contacts = [{"type": kind, "value": value} for kind, value in party.get("contacts", ())]
    many = {"contact_mechanisms": contacts, **{k: party.get(k, []) for k in ("addresses", "identifiers")}}
    lists = {name: [["create", rows]] for name, rows in many.items() if rows}
    return {"name": party["name"], **({"code": party["code"]} if "code" in party else {}), **lists}
