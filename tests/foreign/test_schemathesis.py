"""Everything that /openapi.json promises, tried by schemathesis: no 5xx, nothing that the description does not say."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from jsonschema_rs import validator_for
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.conftest import log  # noqa: F401 - it makes the log go where nobody reads it
from tests.service.stage import Stage
from tests.service.tenants import tenants

CASES = 2000
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance),
]
USUAL = settings(
    deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=False
)


@pytest.mark.foreign
@pytest.mark.timeout(300)
async def test_no_case_gets_a_5xx_or_what_the_description_does_not_say(tmp_path: Path) -> None:
    number = random.SystemRandom().randrange(2**32)
    print(f"seed {number}")  # noqa: T201 - shown when it fails
    async with tenants(tmp_path, key_rate=0) as (door, _):
        tried = await asyncio.to_thread(_all, door, number)
    assert sum(tried.values()) >= CASES, tried
    assert tried[200] > CASES / 10, tried
    assert tried[400] > CASES / 10, tried


def _all(door: Stage, number: int) -> Counter[int]:
    """Try every operation as meant and not as meant; how many answers of each status."""
    schema = schemathesis.openapi.from_url(f"{door.address}/openapi.json")
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]  # all are
    each = -(-CASES // (2 * len(operations)))
    tried = Counter[int]()
    with requests.Session() as session:
        for operation, mode in itertools.product(operations, GenerationMode):
            key = door.keys[f"{operation.path.split('/')[2]}-chief"]
            answered = operation.definition.raw["responses"]["200"]["content"]["application/json"]["schema"]
            envelope = validator_for({**answered["anyOf"][0], "components": schema.raw_schema["components"]})
            attempt = _attempt(session, {"Authorization": f"Bearer {key}"}, tried, envelope)
            case = given(operation.as_strategy(generation_mode=mode))(attempt)  # type: ignore[no-untyped-call]  # of jsonschema-rs
            seed(number)(settings(USUAL, max_examples=each)(case))()
    return tried


def _attempt(
    session: requests.Session, headers: dict[str, str], tried: Counter[int], envelope: Any
) -> Callable[[Any], None]:
    def attempt(case: Any) -> None:
        if str(case.headers.get("X-Deadline-Ms", "")).isdecimal():
            case.headers["X-Deadline-Ms"] = "5000"  # who gives a millisecond is told that it was over
        answer = case.call(session=session, headers=headers)
        tried[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code == 200 and not case.query:
            envelope.validate(answer.json())

    return attempt
