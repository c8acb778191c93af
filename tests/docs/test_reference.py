"""docs/reference.md says what the code says."""

from engine.errors import CATALOGUE, CODES
from engine.spec.contracts import CONTRACTS
from tests.docs.reference import page
from tests.house.places import ROOT

PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_code_says() -> None:
    assert page() == PAGE, "make reference"


def test_everything_with_a_name_is_in_it() -> None:
    names = [*CODES, *CATALOGUE, *CONTRACTS]
    assert [name for name in names if f"`{name}`" not in PAGE] == []
