"""JUnit XML: a suite for each operation, whatever stands in names and differences."""

from xml.etree import ElementTree as ET

from engine.authoring.trial.junit import junit
from engine.authoring.trial.series import Result
from engine.errors import Span

PLACE = Span("a & b/tests.yaml", 7, 3)


def test_each_operation_is_a_suite_with_its_cases() -> None:
    wrong = 'output.name\n    - "<Anna> & \x1b[31mco"\n    + "]]>"'
    crm = [
        Result("card", 'says "no" & <leaves>', PLACE, [], 0.25, frozenset()),
        Result("card", "fails", PLACE, [wrong, "and more"], 0.5, frozenset()),
        Result("user", "Анна", PLACE, [], 0.001, frozenset()),
    ]
    root = ET.fromstring(junit([("crm", crm), ("bank", [Result("card", "x", PLACE, [], 1, frozenset())])]))
    assert root.tag == "testsuites"
    assert root.attrib == {"name": "tolmach test", "tests": "4", "failures": "1", "errors": "0", "time": "1.751"}
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["crm.card", "crm.user", "bank.card"]
    assert suites["crm.card"].attrib == {
        "name": "crm.card",
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "time": "0.750",
    }
    first, second = suites["crm.card"]
    assert first.attrib == {
        "classname": "crm.card",
        "name": 'says "no" & <leaves>',
        "file": "a & b/tests.yaml",
        "line": "7",
        "time": "0.250",
    }
    assert len(first) == 0
    (failure,) = second
    assert failure.tag == "failure"
    assert failure.get("message") == "output.name"
    assert failure.text == f"{wrong}\nand more".replace("\x1b", "\ufffd")
    assert [case.get("name") for case in suites["crm.user"]] == ["Анна"]
