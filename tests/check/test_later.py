"""What a later version brings is read and refused by its name, wherever language.md has it."""

from pathlib import Path
from typing import Any

import pytest

from engine.document import Map, Seq, read_file
from engine.spec.auth.assertion import Assertion
from engine.spec.auth.constant import Basic, Bearer, NoAuth, Place
from engine.spec.auth.login import Login
from engine.spec.auth.oauth2 import OAuth2, Seed
from engine.spec.auth.signed import Hmac, HttpSignature, OAuth1
from engine.spec.connection import Connection, Tls
from engine.spec.connector import Connector
from engine.spec.operation import Authorise, Operation
from engine.spec.paging import Cursor, LinkHeader, NextUrl, Numbered
from engine.spec.project import Project, Use
from engine.spec.reading import Model
from engine.spec.request import Request
from engine.spec.response import ErrorRule, Response
from engine.spec.route import Route
from engine.spec.step import Attempt, ForEach, Step
from tests.check.test_diagnostics import CASES, problems, spoil


def later() -> list[Map]:
    root = read_file(CASES.parent / "later.yaml").root
    assert isinstance(root, Seq)
    return [case for case in root if isinstance(case, Map)]


@pytest.mark.parametrize("case", [pytest.param(case, id=str(case["name"])) for case in later()])
def test_it_is_refused_by_name(case: Map, tmp_path: Path) -> None:
    case["_base"] = "tolmach.yaml" if case.get("file") == "project" else "connectors/base/connector.yaml"
    name, place = spoil(tmp_path, case)
    found = problems(tmp_path, name)
    said = f"{case['name']}: comes with a later version"
    own = [p for p in found if p.code == "not-yet" and p.message.replace("`", "") == said.replace("`", "")]
    assert own, [f"{p.code} {p.span}: {p.message}" for p in found]
    assert [(p.span.line, p.span.column) for p in own] == [place]
    assert own[0].remedy
    assert {p.code for p in found} <= {"not-yet", "missing-key", "client-key-mismatch"}


KEYS: dict[type[Model], str] = {
    Connector: "connector version engine title docs settings connection response operations inbound endpoints",
    Connection: "base_url hosts auth tls headers timeout limits retry breaker cache verify",
    Tls: "cert key ca",
    NoAuth: "type expose",
    Place: "in name value",
    Basic: "type username password",
    Bearer: "type token",
    OAuth1: "type consumer_key consumer_secret token token_secret signature",
    OAuth2: "type grant token_url token_body client_id client_secret client_auth scope params assertion seed rotates "
    "capture expires_in refresh_when reauthorise_when place subject",
    Assertion: "algorithm key kid claims lifetime",
    Seed: "refresh_token code",
    Login: "type requests capture place also expires_in refresh_when",
    Hmac: "type algorithm key string_to_sign encoding place",
    HttpSignature: "type key key_id algorithm headers certificate",
    Authorise: "auth code",
    Use: "connector settings hosts network insecure limits retry timeout cache",
    Operation: "capability accepts title input reject auth subject limits reads idempotent let response paging output "
    "challenge request steps authorise",
    Step: "when after for_each on_error on_empty input auth subject limits reads idempotent let response paging output "
    "request call first_of",
    Attempt: "when request call input let response paging output",
    ForEach: "each concurrency",
    Numbered: "type size start total stop_when max_pages max_rows prefetch repeats",
    Cursor: "type size start next total stop_when max_pages max_rows repeats",
    NextUrl: "type size next total stop_when max_pages max_rows repeats",
    LinkHeader: "type size total stop_when max_pages max_rows repeats",
    Response: "format charset lists nulls errors empty_when success_when",
    ErrorRule: "when code message retry_after retryable scope",
    Request: "method path url query headers encoding json form multipart xml soap graphql text",
    Project: "defaults connections capabilities keys_of channels flows inbound embed keys",
    Route: "from first_of merge require cache every match_operators_by shrink_guard apply_to operators to types when "
    "order_by on_poison",
}
"""The keys of each place, as language.md lists them."""


@pytest.mark.parametrize("model", KEYS, ids=lambda model: model.__name__)
def test_every_key_of_the_language_is_known(model: type[Model]) -> None:
    now = {info.alias or name for name, info in model.model_fields.items()}
    assert set(KEYS[model].split()) <= now | model.LATER
    assert now & model.LATER == set()


def test_every_later_key_has_a_case() -> None:
    cases: set[Any] = {str(case["name"]) for case in later()}
    for model in KEYS:
        assert cases >= model.LATER, model.__name__
