"""How an explanation is read at a terminal."""

import json
from collections.abc import Iterator
from typing import Any

from engine.runtime.registry import Registry
from engine.telemetry.mask import Mask

Part = dict[str, Any]


def mask_of(registry: Registry) -> Mask:
    """A mask that knows every secret of the settings."""
    return Mask(secret.reveal() for bound in registry.connections for secret in bound.secrets)


def trip(explanation: Part) -> str:
    """What was asked, what went out, what came back and what became of it."""
    rows = [f"→ {one['target']}\n{_json(one['input'])}\n" for one in explanation["asked"]]
    rows += [row for request in explanation["requests"] for row in _request(request)]
    for one in explanation["asked"]:
        rows += [f"! {warning}" for warning in one.get("warnings", ())]
        if "empty" in one:
            rows.append(f"← {'empty' if one['empty'] else 'mapped'}\n{_json(one['answer'])}\n")
    return "\n".join(rows)


def table(explanation: Part) -> str:
    """Each field with its value, and the lines that gave it."""
    mapped = [one for one in explanation["fields"] if "from" in one]
    rows = [row for one in mapped for row in field(one)]
    left = [one["path"] for one in explanation["fields"] if "from" not in one]
    return "\n".join([*rows, *([f"not mapped: {', '.join(left)}"] if left else [])])


def field(one: Part) -> Iterator[str]:
    """The lines about one field."""
    became = f"{one['rows']} rows" if "rows" in one else value(one["value"]) if "value" in one else "no answer"
    yield f"{one['path'] or '(the answer)'} = {became}"
    if one.get("changed"):
        yield "    the contract wrote it in its own form, or left it out"
    for origin in one["from"]:
        yield from _origin(origin, "    ")


def value(found: Any) -> str:
    """A value on one line."""
    return json.dumps(found, ensure_ascii=False)


def _origin(origin: Part, indent: str) -> Iterator[str]:
    role = {"value": "", "step": "the answer of "}.get(origin["role"], f"{origin['role']} ")
    yield f"{indent}{role}{origin['expression'] or 'this line'}  at {origin['place']}"
    if origin.get("values"):
        more = f" … {origin['count']} in all" if origin["count"] > len(origin["values"]) else ""
        yield f"{indent}  gave {', '.join(map(value, origin['values']))}{more}"
    if "missing" in origin:
        yield f"{indent}  missing {origin['missing']}: {origin['why']}"
    for one in origin.get("behind", ()):
        yield from _origin(one, indent + "  ")


def _request(request: Part) -> Iterator[str]:
    name = f"  ({request['operation']})" if request["operation"] else ""
    yield f"→ {request['method']} {request['url']}{name}\n{_json(request['headers'])}\n{_body(request['body'])}"
    if request["layers"]:
        yield "  " + " · ".join(f"{one['name']} {one['ms']:.1f} ms" for one in request["layers"])
    for attempt in request["attempts"]:
        if attempt["status"] is None:
            yield "← nothing\n"
            continue
        verdict = attempt["verdict"]
        said = verdict if isinstance(verdict, str) or verdict is None else verdict["code"]
        yield f"← {attempt['status']} in {attempt['took_ms']:.0f} ms: {said}\n{_json(attempt['headers'])}"
        yield _body(attempt["body"])


def _body(text: str) -> str:
    try:
        return _json(json.loads(text)) + "\n"
    except ValueError:
        return f"{text}\n" if text else ""


def _json(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2)
