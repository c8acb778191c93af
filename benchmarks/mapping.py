"""What mapping costs: a card of fifteen fields and a page of 1,000 rows, against jmespath.py and Python by hand.

python benchmarks/mapping.py [rounds]
"""

import statistics
import sys
import timeit
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jmespath

from engine.language.expression import compile_expression, fuse

Work = Callable[[], Any]

CARD = {
    "key": "body.id",
    "kind": "body.type",
    "first": "body.name.first",
    "last": "body.name.last",
    "phone": "body.custom_fields[?code=='PHONE'].values[].value | [0]",
    "emails": "body.custom_fields[?code=='EMAIL'].values[].value",
    "birth_date": "body.birth_date",
    "inn": "body.requisites.inn",
    "segment": "body.segment || 'mass'",
    "company": "body._embedded.companies[0].name",
    "company_key": "body._embedded.companies[0].id",
    "manager": "body.responsible.name",
    "manager_email": "body.responsible.email",
    "url": "body._links.self.href",
    "balance": "body.accounts[0].balance",
}
ROW = "key: id, name: name.full, phone: phones[0].value, status: status, manager: owner.id, url: links.self"


def client(number: int) -> dict[str, Any]:
    """A client as a CRM answers it."""
    return {
        "id": number,
        "type": "person",
        "name": {"first": "Ivan", "last": "Petrov", "full": "Ivan Petrov"},
        "custom_fields": [
            {"code": "POSITION", "values": [{"value": "x"}]},
            {"code": "PHONE", "values": [{"value": "+79001234567"}, {"value": "+79001234568"}]},
            {"code": "EMAIL", "values": [{"value": "a@b.c"}]},
        ],
        "birth_date": "1990-05-01",
        "requisites": {"inn": "7707083893"},
        "segment": None,
        "_embedded": {"companies": [{"id": 7, "name": "Horns"}]},
        "responsible": {"name": "Anna", "email": "anna@bank.example"},
        "_links": {"self": {"href": "https://crm.example/412"}},
        "accounts": [{"balance": Decimal("10.50")}],
        "phones": [{"value": "+79001234567"}],
        "status": "open",
        "owner": {"id": number % 7},
        "links": {"self": "https://crm.example/1"},
    }


def card_by_hand(body: dict[str, Any]) -> dict[str, Any]:
    """The same fifteen fields, with the same care for what is absent."""
    name, embedded = body.get("name") or {}, body.get("_embedded") or {}
    fields = body.get("custom_fields") or []
    phones = [v.get("value") for f in fields if f.get("code") == "PHONE" for v in f.get("values") or []]
    company = (embedded.get("companies") or [{}])[0]
    manager = body.get("responsible") or {}
    return {
        "key": body.get("id"),
        "kind": body.get("type"),
        "first": name.get("first"),
        "last": name.get("last"),
        "phone": phones[0] if phones else None,
        "emails": [v.get("value") for f in fields if f.get("code") == "EMAIL" for v in f.get("values") or []],
        "birth_date": body.get("birth_date"),
        "inn": (body.get("requisites") or {}).get("inn"),
        "segment": body.get("segment") or "mass",
        "company": company.get("name"),
        "company_key": company.get("id"),
        "manager": manager.get("name"),
        "manager_email": manager.get("email"),
        "url": ((body.get("_links") or {}).get("self") or {}).get("href"),
        "balance": (body.get("accounts") or [{}])[0].get("balance"),
    }


def page_by_hand(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same six fields of each row."""
    return [
        {
            "key": row.get("id"),
            "name": (row.get("name") or {}).get("full"),
            "phone": (row.get("phones") or [{}])[0].get("value"),
            "status": row.get("status"),
            "manager": (row.get("owner") or {}).get("id"),
            "url": (row.get("links") or {}).get("self"),
        }
        for row in rows
    ]


def suites() -> dict[str, dict[str, Work]]:
    """Each suite's competitors; all of one suite yield the same."""
    one, scope = client(412), {"body": client(412)}
    page = {"body": {"rows": [client(number) for number in range(1000)]}}
    runs = [(name, compile_expression(text).run) for name, text in CARD.items()]
    fused = fuse([compile_expression(text) for text in CARD.values()])
    searches = [(name, jmespath.compile(text)) for name, text in CARD.items()]
    rows, standard_rows = compile_expression(f"body.rows[*].{{{ROW}}}").run, jmespath.compile(f"body.rows[*].{{{ROW}}}")
    return {
        "card of 15 fields": {
            "compiled": lambda: {name: run(scope) for name, run in runs},
            "compiled, fused": lambda: dict(zip(CARD, fused(scope), strict=True)),
            "jmespath.py": lambda: {name: search.search(scope) for name, search in searches},
            "by hand": lambda: card_by_hand(one),
        },
        "page of 1,000 rows": {
            "compiled": lambda: rows(page),
            "jmespath.py": lambda: standard_rows.search(page),
            "by hand": lambda: page_by_hand(page["body"]["rows"]),
        },
    }


def measure(works: dict[str, Work], rounds: int) -> dict[str, list[float]]:
    """Seconds of one run, per competitor and round; the competitors take turns within a round."""
    expected = works["by hand"]()
    if any(work() != expected for work in works.values()):
        sys.exit("the competitors do not yield the same")
    count = max(1, int(0.02 / timeit.timeit(works["jmespath.py"], number=1)))
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(min(timeit.repeat(work, number=count, repeat=3)) / count)
    return times


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    for suite, works in suites().items():
        times = measure(works, rounds)
        print(f"{suite}: median of {rounds} rounds")
        for name, taken in times.items():
            against = [f"{_ratio(times[name], times[other]):6.2f} × {other}" for other in ("by hand", "jmespath.py")]
            print(f"  {name:24}{statistics.median(taken) * 1e6:10.2f} µs  {'  '.join(against)}")


def _ratio(taken: list[float], other: list[float]) -> float:
    return statistics.median(one / two for one, two in zip(taken, other, strict=True))


if __name__ == "__main__":
    main()
