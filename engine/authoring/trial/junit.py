"""Results as JUnit XML, which every CI reads: a suite for each operation."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from engine.authoring.trial.series import Result
from engine.errors.report import clean
from engine.language.codec.xml import encode_xml


def junit(results: Sequence[tuple[str, Sequence[Result]]]) -> bytes:
    """The document; `results` of each connector by its name, in the order of its tests."""
    suites = [
        _suite(f"{connector}.{operation}", list(some))
        for connector, every in results
        for operation, some in groupby(every, attrgetter("operation"))
    ]
    every = [result for _, some in results for result in some]
    return encode_xml({"testsuites": {**_counts("tolmach test", every), "testsuite": suites}})


def _suite(name: str, results: Sequence[Result]) -> dict[str, Any]:
    return {**_counts(name, results), "testcase": [_case(name, result) for result in results]}


def _counts(name: str, results: Sequence[Result]) -> dict[str, Any]:
    failed = sum(bool(one.wrong) for one in results)
    took = _seconds(one.took for one in results)
    return {"@name": name, "@tests": len(results), "@failures": failed, "@errors": 0, "@time": took}


def _case(suite: str, result: Result) -> dict[str, Any]:
    place = {"@file": clean(result.place.file), "@line": result.place.line}
    case = {"@classname": suite, "@name": clean(result.name), **place, "@time": _seconds([result.took])}
    if result.wrong:
        text = clean("\n".join(result.wrong))
        case["failure"] = {"@message": text.partition("\n")[0], "#text": text}
    return case


def _seconds(took: Iterable[float]) -> str:
    return f"{sum(took):.3f}"
