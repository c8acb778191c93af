"""The pages beside the calls: health, metrics, documentation, and 404 as a problem."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.errors import Diagnostic, Span
from engine.runtime.loading import Trouble
from engine.runtime.registry import Registry
from engine.runtime.target import Project
from engine.service.app import readiness
from engine.spec.project import Defaults
from tests.service.stage import TOKEN, Stage, stage


async def test_it_lives_and_is_ready(door: Stage) -> None:
    assert (await door.get("/livez")).json == {"status": "alive"}
    found = await door.get("/readyz")
    assert (found.status, found.json) == (200, {"status": "ready", "unusable": [], "reauthorise": []})


async def test_when_stopping_it_is_not_ready_but_alive(door: Stage) -> None:
    door.service.front.stopping = True
    found = await door.get("/readyz")
    assert (found.status, found.json["status"]) == (503, "stopping")
    assert (await door.get("/livez")).status == 200


def test_a_connection_out_of_service_is_named_and_the_rest_goes_on() -> None:
    problem = Diagnostic(
        "missing-key", "the value hunter2 is odd", "remove it", Span("/srv/bank/connectors/crm/connector.yaml", 3, 5)
    )
    trouble = Trouble("retail", "crm", (problem,))
    served = Project("retail", Defaults.model_construct().locale, 5.0, {"card": None}, (), None, {}, {})  # type: ignore[dict-item]
    status, document = readiness(Registry({"retail": served}, (trouble,)), stopping=False)
    expected = {
        "project": "retail",
        "connection": "crm",
        "problems": [{"code": "missing-key", "place": "crm/connector.yaml:3:5"}],
    }
    assert (status, document) == (200, {"status": "degraded", "unusable": [expected], "reauthorise": []})


async def test_a_credential_that_waits_for_a_person_is_named(door: Stage) -> None:
    door.service.front._engine.unauthorised = lambda: [("retail", "crm", "client")]  # type: ignore[method-assign]  # as if refused
    found = await door.get("/readyz")
    assert (found.status, found.json["status"], found.json["unusable"]) == (200, "degraded", [])
    assert found.json["reauthorise"] == [{"project": "retail", "connection": "crm", "credential": "client"}]


def test_with_nothing_to_call_it_is_not_ready() -> None:
    status, document = readiness(Registry({}), stopping=False)
    assert (status, document["status"]) == (503, "empty")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/nothing", "GET", 404),
        ("/v1", "GET", 404),
        ("/livez/", "GET", 404),
        ("/docs/../../../etc/passwd", "GET", 404),
        ("/docs/%2e%2e%2f__init__.py", "GET", 404),
        ("/docs/index.html", "GET", 404),
        ("/livez", "POST", 405),
        ("/readyz", "DELETE", 405),
        ("/metrics", "PUT", 405),
        ("/openapi.json", "TRACE", 405),
        ("/" + "x/" * 10_000, "GET", 404),
        ("/livez?" + "&".join(f"a{n}=1" for n in range(2000)), "POST", 405),
    ],
)
async def test_what_is_not_there_is_a_problem(door: Stage, path: str, method: str, status: int) -> None:
    found = await door.get(path, method)
    assert found.status == status
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json["status"] == status
    assert found.json["code"] == "unknown_operation"


async def test_ranges_are_not_served(door: Stage) -> None:
    whole = await door.get("/docs/swagger-ui.css")
    bomb = ",".join(f"{n}-{n + 1}" for n in range(2000))
    found = await door.get("/docs/swagger-ui.css", Range=f"bytes={bomb}")
    assert (found.status, found.body) == (200, whole.body)


async def test_the_documentation_works_without_a_network(door: Stage) -> None:
    page = await door.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    text = page.body.decode()
    assert "http" not in text
    assert not re.search(r"<script(?![^>]*src=)", text)
    for asset in re.findall(r'(?:src|href)="([^"]+)"', text):
        found = await door.get("/" + asset)
        assert found.status == 200
        assert len(found.body) > 50
        assert found.headers["x-content-type-options"] == "nosniff"
    assert b"openapi.json" in (await door.get("/docs/start.js")).body


async def test_the_styles_and_the_start_of_the_page_name_no_other_host(door: Stage) -> None:
    for name in ("swagger-ui.css", "start.js"):
        text = (await door.get(f"/docs/{name}")).body.decode()
        assert all(target.startswith("data:") for target in re.findall(r"url\(\s*['\"]?([^'\")]*)", text))
        assert not re.search(r"@import|https?:|['\"(]//", re.sub(r"data:[^)]*", "", text))
    policy = (await door.get("/docs")).headers["content-security-policy"]
    hosts = {part for rule in policy.split(";") for part in rule.split()[1:]}
    assert hosts == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "validatorUrl: null" in (await door.get("/docs/start.js")).body.decode()


async def test_the_metrics_are_what_prometheus_reads(door: Stage) -> None:
    await door.post("/v1/retail/card", {"client_key": "412"})
    await door.post("/v1/retail/card", b"{")
    found = await door.get("/metrics")
    assert found.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(found.body.decode())}
    assert {"tolmach_calls", "tolmach_calls_in_flight", "tolmach_upstream_requests", "tolmach_build_info"} <= set(
        families
    )
    ended = {s.labels["code"]: s.value for s in families["tolmach_calls"].samples if s.labels["target"] == "card"}
    assert ended == {"ok": 1, "invalid_input": 1}
    buckets = [
        (float(s.labels["le"]), s.value)
        for s in families["tolmach_calls_duration_seconds"].samples
        if s.name.endswith("_bucket") and s.labels["target"] == "card"
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == (float("inf"), 2)


async def test_the_documentation_can_be_switched_off(tmp_path: Path) -> None:
    async with stage(tmp_path, docs=False) as door:
        for path in ("/docs", "/docs/start.js", "/openapi.json"):
            assert (await door.get(path)).status == 404


async def test_the_metrics_may_ask_for_a_key(tmp_path: Path) -> None:
    async with stage(tmp_path, metrics_key="scrape-me-7") as door:
        assert (await door.get("/metrics")).status == 401
        assert (await door.get("/metrics", Authorization="Bearer scrape-me")).status == 401
        assert (await door.get("/metrics", Authorization="Bearer ключ")).status == 401
        assert (await door.get("/metrics", Authorization="Bearer scrape-me-7")).status == 200


async def test_no_page_holds_a_secret(door: Stage) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs"):
        text = (await door.get(path)).body.decode()
        assert TOKEN not in text
        assert all(key not in text and key[13:] not in text for key in door.keys.values())


async def test_an_unexpected_error_of_a_page_says_nothing(door: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bytes:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(door.metrics, "render", broken)
    found = await door.get("/metrics")
    assert (found.status, found.json["code"]) == (500, "internal")
    assert "hunter2" not in found.body.decode()


async def test_a_page_that_does_not_exist_says_so_in_the_callers_language(door: Stage) -> None:
    found = [await door.get("/nothing", **{"Accept-Language": language}) for language in ("en", "ru")]
    assert [one.json["customer_message"] for one in found] == ["There is no such service.", "Такой услуги нет."]
