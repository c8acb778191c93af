"""The members of the seven contracts, as contracts.md lists them; and that everything read from a file is frozen."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel

from engine.authoring.schema import ROOTS
from engine.spec.contracts import CONTRACTS
from engine.spec.reading import Model

ASKED = {
    "identity": "value type channel secret step form",
    "authorization": "token channel",
    "card": "client_key",
    "products": "client_key company_key kinds",
    "showcase": "client_key segment channel",
    "managers": "since cursor limit",
    "events": "id type occurred_at project channel client{key id name} ticket{id segment opened_at closed_at} "
    "message{id author text files{id name type size url}} operator{id name email} raw",
}
CARD = (
    "key type name{first last middle full} phones emails birth_date inn segment companies{key name inn kpp role} "
    "manager{key name email phone} url avatar_url attributes{name value}"
)
ANSWERED = {
    "identity": "clients{key name phones emails url} challenge{step prompt kind fields{name title type required}}",
    "authorization": f"{CARD} expires_at",
    "card": CARD,
    "products": "products{id kind name number currency balance available status opened_on closes_on rate "
    "next_payment{date amount} attributes{name value}}",
    "showcase": "offers{id kind name description price{amount currency period free} url image_url personal "
    "valid_until attributes{name value}}",
    "managers": "managers{key name email login phone group} "
    "bindings{client_key manager_key group_key deputy_key deputy_until} next",
    "events": "external_id",
}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models inside an annotation: `list[X] | None` gives X."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def told(model: type[BaseModel]) -> str:
    """The members of a model, those of its models in braces."""
    words = []
    for name, info in model.model_fields.items():
        inner = "".join("{" + told(one) + "}" for one in models_in(info.annotation))
        words.append(name + inner)
    return " ".join(words)


@pytest.mark.parametrize("name", ASKED)
def test_a_contract_has_the_members_it_promises(name: str) -> None:
    assert told(CONTRACTS[name].input) == ASKED[name]
    assert told(CONTRACTS[name].output) == ANSWERED[name]


def test_there_are_seven() -> None:
    assert CONTRACTS.keys() == ASKED.keys() == ANSWERED.keys()
    assert len(ASKED) == 7


def models(base: type[Model] = Model) -> list[type[Model]]:
    return [one for child in base.__subclasses__() for one in (child, *models(child))]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_what_is_read_from_a_file_is_frozen_and_takes_no_other_key(model: type[Model]) -> None:
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("extra") == "forbid"
    assert model.model_config.get("strict") is True
    one: Any = model.model_construct()
    with pytest.raises(ValueError, match="frozen"):
        setattr(one, next(iter(model.model_fields)), 1)


def test_every_kind_of_file_is_made_of_such_models() -> None:
    named = {model.__name__ for model in models()}
    assert set(ROOTS) == {"connector", "project", "tests"}
    assert {"Connector", "Connection", "Operation", "Request", "Response", "ErrorRule", "Declaration"} <= named
    assert {"ProjectFile", "Project", "Use", "Route", "Case"} <= named
