"""`tolmach test --faults`: what the operations of connectors make of every fault."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.cli.options import DONE, FINDINGS, Output

if TYPE_CHECKING:
    from engine.authoring.faults.trouble import Finding
    from engine.authoring.trial.play import Suite


def faults(suites: Iterable["Suite"], output: Output = "text") -> int:
    """Try every fault on every request of every operation, and print each wrong end; gives the exit status.

    Raises ConfigError where the settings of a case do not fit.
    """
    from engine.authoring.faults.trouble import trouble
    from engine.cli.talk import print_json, say

    tried: list[str] = []
    found = [(one.connector.connector, finding) for one in suites for finding in trouble(one, tried.append)]
    if output == "json":
        rows = [
            {"connector": name, **one._asdict(), "rule": None if one.rule is None else str(one.rule)}
            for name, one in found
        ]
        print_json({"tried": len(tried), "findings": rows})
    else:
        for name, one in found:
            _print(name, one)
        say(f"{len(tried)} faults, " + (f"{len(found)} findings" if found else "each ends as it must"))
    return FINDINGS if found else DONE


def _print(connector: str, one: "Finding") -> None:
    from engine.errors.report import clean

    head = ": ".join(filter(None, (f"{connector}.{one.operation}", one.fault and f"{one.fault} to {one.request}")))
    print(clean(f"{head}\n    - {one.expected}\n    + {one.came}" + (f"\n    at {one.rule}" if one.rule else "")))
