"""What is loaded: where connectors are found, what a broken one takes down, what a project says of its parts."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError, Diagnostic
from engine.runtime import connectors as module
from engine.runtime.connectors import Connectors
from engine.runtime.registry import Registry, load
from engine.spec.connector import Loaded, load_connector
from tests.runtime.bench import HEAD

OPERATIONS = "operations:\n  op: {request: {method: GET, path: /x}, output: body}\n"
BANK = """\
operations:
  find: {capability: identity, request: {method: GET, path: /f}, output: {clients: {each: body, as: {key: item}}}}
  find_too: {capability: identity, request: {method: GET, path: /g}, output: {clients: {each: body, as: {key: item}}}}
  card: {capability: card, request: {method: GET, path: "/c/{{ input.client_key }}"}, output: {key: body.id}}
  shop: {capability: showcase, request: {method: GET, path: /s}, output: {offers: {each: body, as: {name: item}}}}
  mine:
    capability: products
    request: {method: GET, path: "/p/{{ input.client_key }}"}
    output: {products: {each: body, as: {id: item, kind: {const: other}}}}
"""


def connector(folder: Path, name: str, rest: str = OPERATIONS, title: str = "A system") -> Path:
    file = folder / name / "connector.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEAD.format(name="crm").replace("A system", title) + rest, encoding="utf-8")
    return file


def project(folder: Path, connections: str, more: str = "") -> Path:
    file = folder / "tolmach.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"projects:\n  p:\n    connections: {connections}\n{more}", encoding="utf-8")
    return file


def use(name: str) -> str:
    return f"{{connector: {name}, settings: {{url: 'https://x.example'}}}}"


def found(file: Path, *folders: Path) -> list[Diagnostic]:
    with pytest.raises(ConfigError) as caught:
        load(file, folders, {})
    return caught.value.diagnostics


def title_of(registry: Registry, target: str = "crm.op") -> str:
    return registry.projects["p"].targets[target].sources[0].bound.loaded.connector.title


def test_connectors_are_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = project(tmp_path, f"{{crm: {use('crm')}}}")
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "shipped")
    connector(tmp_path / "shipped", "crm", title="shipped")
    assert title_of(load(file, (), {})) == "shipped"
    connector(tmp_path / "connectors", "crm", title="beside the file")
    assert title_of(load(file, (), {})) == "beside the file"
    connector(tmp_path / "second", "crm", title="second")
    connector(tmp_path / "first", "crm", title="first")
    assert title_of(load(file, (tmp_path / "first", tmp_path / "second"), {})) == "first"
    assert title_of(load(file, (tmp_path / "nothing", tmp_path / "second"), {})) == "second"


def test_the_shipped_connectors_are_there() -> None:
    assert {"amocrm", "fineract"} <= set(Connectors((module.SHIPPED,)).names())


def test_a_connector_is_read_once_for_all_its_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def counted(path: Path) -> Loaded:
        read.append(path)
        return load_connector(path)

    monkeypatch.setattr(module, "load_connector", counted)
    file = connector(tmp_path / "connectors", "crm")
    connector(tmp_path / "connectors", "bad", "operations: 5\n")
    uses = ", ".join(f"{name}: {use(kind)}" for name, kind in [("a", "crm"), ("b", "crm"), ("c", "bad"), ("d", "bad")])
    registry = load(project(tmp_path, f"{{{uses}}}"), (), {})
    assert sorted(read) == sorted([file, tmp_path / "connectors/bad/connector.yaml"])
    bounds = list(registry.connections)
    assert [bound.name for bound in bounds] == ["a", "b"]
    assert bounds[0].loaded is bounds[1].loaded
    assert [trouble.connection for trouble in registry.troubles] == ["c", "d"]


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc",
        "''",
        ".",
        "..",
        "crm/",
        "./crm",
        "crm/../crm",
        "a" * 300,
        '"a\\0b"',
        "CRM",
        "'*'",
        "'[c]rm'",
    ],
)
def test_a_connector_is_found_by_its_name_only(tmp_path: Path, name: str) -> None:
    connector(tmp_path, "outside")
    connector(tmp_path / "connectors", "crm")
    (tmp_path / "connectors/connector.yaml").write_text("connector: x\n", encoding="utf-8")
    (problem,) = found(project(tmp_path, f"{{crm: {use(name)}}}"))
    assert problem.code == "unknown-connector"


def test_a_typo_in_the_name_of_a_connector_is_told(tmp_path: Path) -> None:
    connector(tmp_path / "connectors", "acme")
    (problem,) = found(project(tmp_path, f"{{crm: {use('amce')}}}"))
    assert (problem.code, problem.remedy) == ("unknown-connector", "did you mean `acme`?")
    assert (problem.span.line, problem.source[problem.span.column - 1 :][:9]) == (3, "connector")


def test_one_bad_connector_is_a_trouble_and_the_others_work(tmp_path: Path) -> None:
    connector(tmp_path / "connectors", "good", BANK)
    bad = connector(
        tmp_path / "connectors",
        "bad",
        OPERATIONS.replace("GET", "GTE") + "  too: {request: {method: GET, path: /x}, output: bdy}\n",
    )
    key = f"{{name: bot, hash: 'sha256:{'0' * 8}:{'0' * 64}', allow: [showcase, bad.op]}}"
    more = f"    capabilities: {{identity: good, showcase: bad}}\n    keys: [{key}]\n"
    registry = load(project(tmp_path, f"{{bad: {use('bad')}, good: {use('good')}}}", more), (), {})
    (trouble,) = registry.troubles
    assert (trouble.project, trouble.connection) == ("p", "bad")
    assert {(d.code, Path(d.span.file)) for d in trouble.diagnostics} == {("wrong-value", bad), ("unknown-name", bad)}
    assert sorted(registry.projects["p"].targets) == [
        *("good.card", "good.find", "good.find_too", "good.mine", "good.shop", "identity")
    ]
    assert [bound.name for bound in registry.connections] == ["good"]


def test_a_mistake_of_the_project_does_not_hide_a_bad_connector(tmp_path: Path) -> None:
    connector(tmp_path / "connectors", "bad", OPERATIONS.replace("GET", "GTE"))
    problems = found(project(tmp_path, f"{{bad: {use('bad')}, gone: {use('gone')}}}"))
    assert sorted((Path(d.span.file).name, d.code) for d in problems) == [
        ("connector.yaml", "wrong-value"),
        ("tolmach.yaml", "unknown-connector"),
    ]


def test_a_capability_is_the_first_operation_that_offers_it(tmp_path: Path) -> None:
    connector(tmp_path / "connectors", "bank", BANK)
    file = project(tmp_path, f"{{bank: {use('bank')}}}", "    capabilities: {identity: {from: bank}, card: bank}\n")
    targets = load(file, (), {}).projects["p"].targets
    assert targets["identity"].sources[0].work.press
    assert targets["bank.find_too"].sources[0].work.press
    assert targets["identity"].sources[0].work.press.render({}).url.endswith("/f")
    assert (targets["identity"].capability, targets["identity"].title) == ("identity", "find")
    assert targets["bank.find_too"].sources[0].work.press.render({}).url.endswith("/g")


@pytest.mark.parametrize(
    ("capabilities", "codes"),
    [
        ("{card: bank, products: bank, identity: bank, showcase: other}", []),
        ("{identity: other}", []),
        ("{card: bank, identity: other}", ["client-key-mismatch"]),
        ("{card: bank, products: other, identity: other}", ["client-key-mismatch"] * 2),
        ("{authorization: bank}", ["capability-not-offered"]),
        ("{card: bank, showcase: nosy}", ["client-key-mismatch"]),
    ],
)
def test_the_clients_key_is_the_cards(tmp_path: Path, capabilities: str, codes: list[str]) -> None:
    connector(tmp_path / "connectors", "bank", BANK)
    connector(tmp_path / "connectors", "nosy", BANK.replace("path: /s", "path: '/s/{{ input.client_key }}'"))
    uses = f"{{bank: {use('bank')}, other: {use('bank')}, nosy: {use('nosy')}}}"
    file = project(tmp_path, uses, f"    capabilities: {capabilities}\n")
    if codes:
        assert [problem.code for problem in found(file)] == codes
    else:
        assert load(file, (), {}).troubles == ()


@pytest.mark.parametrize(
    ("allow", "known"),
    [
        ("['*']", True),
        ("[identity, bank.find, 'bank.*']", True),
        ("[card]", False),
        ("[bank.fnd]", False),
        ("['crm.*']", False),
        ("['bank*']", False),
    ],
)
def test_a_key_may_only_allow_what_there_is(tmp_path: Path, allow: str, known: bool) -> None:
    connector(tmp_path / "connectors", "bank", BANK)
    key = f"{{name: bot, hash: 'sha256:{'0' * 8}:{'0' * 64}', allow: {allow}}}"
    more = f"    capabilities: {{identity: bank}}\n    keys: [{key}]\n"
    file = project(tmp_path, f"{{bank: {use('bank')}}}", more)
    if known:
        assert len(load(file, (), {}).projects["p"].keys) == 1
    else:
        (problem,) = found(file)
        assert (problem.code, "`bot`" in problem.message) == ("unknown-allow", True)


def test_a_revoked_key_is_not_among_the_keys(tmp_path: Path) -> None:
    connector(tmp_path / "connectors", "bank", BANK)
    more = "    keys: [{name: bot, hash: 'revoked:0123abcd', allow: ['*']}]\n"
    assert load(project(tmp_path, f"{{bank: {use('bank')}}}", more), (), {}).projects["p"].keys == ()


@pytest.mark.parametrize(
    "settings",
    ["text", "5", "null", "[url]", "{a/b: 1}", "{a~1b: 1}", "{'': 1}", "{url: {a: 1}}", "{url: [1]}", "{url: null}"],
)
def test_settings_of_any_shape_are_diagnosed(tmp_path: Path, settings: str) -> None:
    connector(tmp_path / "connectors", "crm")
    problems = found(project(tmp_path, f"{{crm: {{connector: crm, settings: {settings}}}}}"))
    assert {problem.code for problem in problems} <= {
        "wrong-type",
        "unknown-setting",
        "missing-setting",
        "setting-misfit",
    }


def test_schemas_come_from_the_contract_or_the_declaration(tmp_path: Path) -> None:
    own = "  own: {input: {id: integer}, request: {method: GET, path: '/o/{{ input.id }}'}, output: body}\n"
    connector(
        tmp_path / "connectors", "bank", BANK + own + "  none: {request: {method: GET, path: /n}, output: body}\n"
    )
    targets = load(project(tmp_path, f"{{bank: {use('bank')}}}"), (), {}).projects["p"].targets
    assert targets["bank.own"].input_schema["required"] == ["id"]
    nothing: dict[str, Any] = {"type": "object", "additionalProperties": False}
    assert (targets["bank.none"].input_schema, targets["bank.none"].output_schema) == (nothing, {})
    assert "value" in targets["bank.find"].input_schema["properties"]
    assert "clients" in targets["bank.find"].output_schema["properties"]


def test_a_connection_that_only_calls_us_is_in_service_and_its_secrets_are_known(tmp_path: Path) -> None:
    endpoint = "  e: {method: GET, path: /e, call: card, read: {client_key: '`1`'}, auth: {type: none}, reply: {}}\n"
    connector(tmp_path / "connectors", "crm", f"operations: {{}}\nendpoints:\n{endpoint}")
    connector(tmp_path / "connectors", "bank", BANK)
    chat = "{connector: crm, settings: {url: 'https://x.example', key: s3cret}}"
    registry = load(project(tmp_path, f"{{bank: {use('bank')}, chat: {chat}}}"), (), {})
    assert registry.troubles == ()
    assert [bound.name for bound in registry.connections] == ["bank", "chat"]
    assert [secret.reveal() for bound in registry.connections for secret in bound.secrets] == ["s3cret"]
