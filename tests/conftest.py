"""What holds for the whole suite: a skip is explained or fails, chance can be repeated, promises are kept."""

import os
import random
import tomllib
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.house.promises import named_tests

settings.register_profile(
    "house", deadline=None, derandomize=False, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


class Promises:
    """Every test that docs/acceptance.md names has run and passed, when the whole suite was asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.passed: set[str] = set()
        self.elsewhere: set[str] = set()
        self.missing: list[str] = []

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.elsewhere |= {_function(item.nodeid) for item in items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(_function(report.nodeid))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        self.elsewhere |= set(getattr(node, "workeroutput", {}).get("deselected", ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output["deselected"] = sorted(self.elsewhere)
        elif os.environ.get("TOLMACH_WHOLE") == "1":
            named = named_tests(self.root / "docs" / "acceptance.md") - self.passed - self.elsewhere
            self.missing = sorted(test for test in named if not _excused(self.root, test))
            session.exitstatus = session.exitstatus or int(bool(self.missing))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.missing:
            terminalreporter.section("named in docs/acceptance.md, but not run and passed", red=True)
            terminalreporter.write_line("\n".join(self.missing))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Promises(config.rootpath))
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(2**32))


def pytest_report_header(config: pytest.Config) -> str:
    return f"to draw the same examples again: --hypothesis-seed={config.option.hypothesis_seed}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _judge(report, item.config.rootpath)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _judge(report, collector.config.rootpath)
    return report


def _judge(report: pytest.TestReport | pytest.CollectReport, root: Path) -> None:
    """In CI a skip that tests/skips.toml does not list is a failure."""
    if os.environ.get("CI") == "true" and report.skipped and not _excused(root, report.nodeid):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, and tests/skips.toml does not list it: {report.longrepr}"


def _excused(root: Path, test: str) -> bool:
    listed = tomllib.loads((root / "tests" / "skips.toml").read_text(encoding="utf-8")).get("skip", [])
    return any(_function(test) == row["test"] or test.startswith(row["test"] + "::") for row in listed)


def _function(test: str) -> str:
    return test.partition("[")[0]
