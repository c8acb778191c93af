"""The metrics: numbers that Prometheus can read, in a registry of their own."""

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from engine.telemetry.metrics import BOUNDS, Metrics


def _samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_calls_are_counted_by_how_they_end() -> None:
    metrics = Metrics("1.2")
    series = metrics.calls("retail", "card")
    for result, seconds in (("ok", 0.02), ("ok", 0.3), ("not_found", 99.0)):
        series.begin()
        series.end(result, seconds)
    series.begin()
    found = _samples(metrics)
    where = (("project", "retail"), ("target", "card"))
    assert found["tolmach_calls_total", (("code", "ok"), *where)] == 2
    assert found["tolmach_calls_total", (("code", "not_found"), *where)] == 1
    assert found["tolmach_calls_in_flight", where] == 1
    assert found["tolmach_calls_duration_seconds_count", where] == 3
    assert found["tolmach_calls_duration_seconds_sum", where] == 99.32
    assert found["tolmach_calls_duration_seconds_bucket", (("le", "0.025"), *where)] == 1
    assert found["tolmach_calls_duration_seconds_bucket", (("le", "30.0"), *where)] == 2
    assert found["tolmach_calls_duration_seconds_bucket", (("le", "+Inf"), *where)] == 3
    assert found["tolmach_build_info", (("version", "1.2"),)] == 1


def test_a_bucket_holds_its_own_upper_end() -> None:
    metrics = Metrics("1")
    series = metrics.calls("p", "t")
    series.end("ok", BOUNDS[0])
    assert series.buckets[0] == 1


def test_requests_to_systems_and_keys_have_their_own_families() -> None:
    metrics = Metrics("1")
    series = metrics.upstream("retail", "crm")
    series.begin()
    series.end("2xx", 0.1)
    metrics.key_used("retail", "bot", 1_700_000_000.5)
    found = _samples(metrics)
    where = (("connection", "crm"), ("project", "retail"))
    assert found["tolmach_upstream_requests_total", (*where, ("status", "2xx"))] == 1
    assert found["tolmach_key_last_used_timestamp_seconds", (("key", "bot"), ("project", "retail"))] == 1_700_000_000.5


def test_a_series_is_the_same_object_every_time() -> None:
    metrics = Metrics("1")
    assert metrics.calls("p", "t") is metrics.calls("p", "t")
    assert metrics.calls("p", "t") is not metrics.calls("p", "u")


def test_nothing_is_put_into_the_global_registry() -> None:
    before = {metric.name for metric in REGISTRY.collect()}
    Metrics("1").calls("p", "t")
    assert {metric.name for metric in REGISTRY.collect()} == before


def test_the_process_measures_itself() -> None:
    assert b"process_resident_memory_bytes" in Metrics("1").render()


def test_repeats_and_open_circuits_are_told_per_connection() -> None:
    metrics = Metrics("1")
    metrics.upstream("retail", "crm").retries = 3
    metrics.upstream("retail", "abs").open = True
    found = _samples(metrics)
    crm, abs_ = ((("connection", name), ("project", "retail")) for name in ("crm", "abs"))
    assert (found["tolmach_upstream_retries_total", crm], found["tolmach_upstream_retries_total", abs_]) == (3, 0)
    assert (found["tolmach_upstream_circuit_open", crm], found["tolmach_upstream_circuit_open", abs_]) == (0, 1)
