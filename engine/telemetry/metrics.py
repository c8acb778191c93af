"""What Prometheus reads: counts and times kept as plain numbers, made into samples only when asked."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

__all__ = ["BOUNDS", "CONTENT_TYPE", "Metrics", "Series"]

BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the histograms' buckets, in seconds."""
_ENDS: Final = (*map(str, BOUNDS), "+Inf")


@dataclass(slots=True)
class Series:
    """Calls of one kind: how many ended how, how long they took, how many are under way."""

    ends: dict[str, int] = field(default_factory=dict)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0
    in_flight: int = 0
    retries: int = 0
    open: bool = False
    """The breaker keeps requests back."""

    def begin(self) -> None:
        """One more is under way."""
        self.in_flight += 1

    def end(self, result: str, seconds: float) -> None:
        """One is over. `result` is "ok" or a code of the catalogue, upstream a class of status ("2xx", "none")."""
        self.in_flight -= 1
        self.ends[result] = self.ends.get(result, 0) + 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Metrics:
    """Every series of the process, with a registry of its own. Labels are names of the deployment, never data."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._calls: dict[tuple[str, str], Series] = {}
        self._upstream: dict[tuple[str, str], Series] = {}
        self._keys: dict[tuple[str, str], float] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def calls(self, project: str, target: str) -> Series:
        """The series of one target; hold it and use it, it never changes."""
        return self._calls.setdefault((project, target), Series())

    def upstream(self, project: str, connection: str) -> Series:
        """The series of the requests to one connection."""
        return self._upstream.setdefault((project, connection), Series())

    def key_used(self, project: str, key: str, timestamp: float) -> None:
        """An API key was shown at this Unix time."""
        self._keys[project, key] = timestamp

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The samples, as prometheus-client asks for them."""
        yield InfoMetricFamily("tolmach_build", "The engine", {"version": self._version})
        yield from _families("tolmach_calls", "Calls by callers", ("project", "target"), "code", self._calls)
        yield from _families(
            "tolmach_upstream_requests", "Requests to systems", ("project", "connection"), "status", self._upstream
        )
        names = ("project", "connection")
        retries = CounterMetricFamily("tolmach_upstream_retries", "Requests that were repeats", labels=names)
        circuits = GaugeMetricFamily("tolmach_upstream_circuit_open", "1: the system is left alone", labels=names)
        for labels, series in self._upstream.items():
            retries.add_metric(labels, series.retries)
            circuits.add_metric(labels, int(series.open))
        yield from (retries, circuits)
        used = GaugeMetricFamily(
            "tolmach_key_last_used_timestamp_seconds", "When an API key was last shown", labels=("project", "key")
        )
        for labels, timestamp in self._keys.items():
            used.add_metric(labels, timestamp)
        yield used


def _families(
    name: str, text: str, labels: tuple[str, str], end: str, series: dict[tuple[str, str], Series]
) -> Iterable[Metric]:
    ended = CounterMetricFamily(name, f"{text}, by how they ended", labels=(*labels, end))
    under_way = GaugeMetricFamily(f"{name}_in_flight", f"{text}, under way", labels=labels)
    times = HistogramMetricFamily(f"{name}_duration_seconds", f"{text}, time taken", labels=labels)
    for key, one in series.items():
        for result, count in one.ends.items():
            ended.add_metric((*key, result), count)
        under_way.add_metric(key, one.in_flight)
        times.add_metric(key, list(zip(_ENDS, accumulate(one.buckets), strict=True)), round(one.seconds, 6))
    return ended, under_way, times
