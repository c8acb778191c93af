"""`tolmach explain`: what was sent, what came back, which line gave what, and nothing that may not be read."""

import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.cli.terminal import Ended, Terminal
from tests.cli.test_trace import CANARIES, OPERATIONS, PERSON
from tests.runtime.bench import lay
from tests.upstream import Upstream

SECRET = "hunter2-of-the-crm"
IN_URL = "in-url-s3cret/+x"
STEPS = """\
  chain:
    input: {key: string}
    steps:
      contact:
        request: {method: GET, path: "/contacts/{{ input.key }}"}
        output: {id: body.id, who: body.first}
      deal:
        request: {method: GET, path: "/deals/{{ contact.output.id }}", query: {who: "{{ contact.output.who }}"}}
        let: {first: "body.deals[0]"}
        output: {sum?: first.sum}
    output: {contact: contact.output.id, sum?: deal.output.sum, kind: {const: deal}}
"""


class Desk:
    """The verb, in a folder with a project before a system."""

    def __init__(self, tolmach: Terminal, folder: Path, system: Upstream) -> None:
        self._tolmach = tolmach
        self.folder = folder
        self.system = system

    def __call__(self, *words: str, code: int = 0) -> Ended:
        ended = self._tolmach("explain", *words, "--file", str(self.folder / "tolmach.yaml"))
        assert ended.code == code, ended.err
        return ended

    def line(self, text: str) -> int:
        """The line of the connector that holds the text, once."""
        lines = (self.folder / "connectors/crm/connector.yaml").read_text(encoding="utf-8").splitlines()
        (found,) = [number for number, line in enumerate(lines, 1) if text in line]
        return found


@pytest.fixture
def desk(tolmach: Terminal, tmp_path: Path, system: Upstream, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("CRM_KEY", SECRET)
    monkeypatch.setenv("CRM_TOKEN", IN_URL)
    project = "capabilities: {card: crm, products: crm, identity: crm}\n"
    connection = (
        '  auth: {type: api_key, in: query, name: k, value: "{{ settings.token }}"}\n'
        '  headers: {Authorization: "Bearer {{ settings.key }}"}\n'
    )
    settings = ", key: '${CRM_KEY}', token: '${CRM_TOKEN}'"
    lay(tmp_path, connection + OPERATIONS + STEPS, system.url, project=project, settings=settings)
    return Desk(tolmach, tmp_path, system)


def test_the_trip_and_every_field_are_shown(desk: Desk) -> None:
    desk.system.says({**PERSON, "last": None})
    said = desk("card", "client_key=412").out
    for part in ("→ crm.client", "→ GET http://127.0.0.1:", "(crm.client)", "← 200 in ", ": ok", "← mapped", "wire "):
        assert part in said
    for layer in ("deadline", "retry", "break", "limit", "sign", "guard", "trace"):
        assert f"{layer} " in said
    assert 'segment = "premium"\n    body.segment  at ' in said
    assert f"connector.yaml:{desk.line('segment: body.segment')}:16\n" in said
    assert "missing body.last: `body.last` is null" in said
    assert "not mapped: type, " in said


def test_one_field_is_shown_under_its_line(desk: Desk) -> None:
    desk.system.says({name: value for name, value in PERSON.items() if name != "last"})
    said = desk("card", "client_key=412", "--field", "name.last").out
    assert said.startswith("name.last = null\n")
    assert "missing body.last: `body` has no `last`; it has " in said
    number = desk.line("last: body.last")
    *_, line, carets = said.splitlines()
    written = f"{number} |       name: {{first: body.first, last: "
    assert line == f"{written}body.last, middle: body.middle, full: body.whole}}"
    assert carets == f"{' ' * len(str(number))} |".ljust(len(written)) + "^" * len("body.last")
    assert "premium" not in said
    revealed = desk("card", "client_key=412", "--field", "name.first", "--reveal").out
    assert revealed.startswith('name.first = "Лев"\n')
    found = desk("card", "client_key=412", "--field", "attributes.value", "--as", "json").json
    assert [one["path"] for one in found] == ["attributes[].value"]


def test_a_member_that_is_not_mapped_says_so(desk: Desk) -> None:
    desk.system.says(PERSON)
    said = desk("card", "client_key=412", "--field", "avatar_url").out
    assert said == "avatar_url: no line of `crm.client` maps it\n"


def test_an_unknown_field_is_a_mistake_of_usage(desk: Desk) -> None:
    desk.system.says(PERSON)
    ended = desk("card", "client_key=412", "--field", "name.frist", code=2)
    assert (ended.out, "did you mean `name.first`?" in ended.err) == ("", True)


def test_a_field_leads_into_the_step_that_gave_it(desk: Desk) -> None:
    desk.system.says({"id": 7, "first": "Лев"})
    found = desk("crm.chain", "key=7", "--as", "json").json
    fields = {one["path"]: one for one in found["fields"]}
    (own,) = fields["sum"]["from"]
    (step,) = own["behind"]
    places = [int(one["place"].split(":")[-2]) for one in (own, step, *step["behind"])]
    assert places == [desk.line("sum?: deal.output.sum"), desk.line("sum?: first.sum"), desk.line("let: {first")]
    assert step["behind"][0]["missing"] == "body.deals"
    assert fields["kind"]["from"][0]["expression"] is None
    assert [one["operation"] for one in found["requests"]] == ["crm.chain.contact", "crm.chain.deal"]
    said = desk("crm.chain", "key=7", "--field", "sum").out
    assert len([row for row in said.splitlines() if row.endswith("^^^")]) == 3


def test_what_failed_is_explained_up_to_there(desk: Desk) -> None:
    desk.system.says({"no": "Лев Канарейкин"}, status=500)
    ended = desk("card", "client_key=412", code=3)
    assert ended.out.count("← 500 in ") == 3
    assert "Лев" not in ended.out
    assert ended.err.startswith("upstream_unavailable: ")
    desk.system.says({"first": "Лев"})
    found = desk("card", "client_key=412", "--as", "json", code=3).json
    assert found["error"]["code"] == "mapping_failed"
    (key,) = [one for one in found["fields"] if one["path"] == "key"]
    assert key["from"][0]["missing"] == "body.id"
    desk.system.says({"id": 1})
    assert desk("card", "client_key=412", "--field", "key").out.startswith('key = "1"\n')


def test_a_request_without_an_answer_is_shown(desk: Desk) -> None:
    file = desk.folder / "tolmach.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(desk.system.url, "http://127.0.0.1:1"), encoding="utf-8")
    ended = desk("card", "client_key=412", code=3)
    assert ended.out.count("← nothing\n") == 3
    assert "→ GET http://127.0.0.1:1/clients/412" in ended.out


def test_usage_is_that_of_call(desk: Desk) -> None:
    assert "tolmach explain: the project has no `crad`" in desk("crad", "client_key=1", code=2).err
    assert "is no key=value" in desk("card", "client_key", code=2).err


@pytest.mark.parametrize("form", ["text", "json", "curl"])
@pytest.mark.parametrize("target", ["card", "crm.client", "products"])
def test_no_secret_and_no_personal_value_is_read(desk: Desk, target: str, form: str) -> None:
    own = ("number", "balance", "currency")
    known = {name: value for name, value in PERSON.items() if (name in own) == (target == "products")}
    unmapped = {
        "spouse": "Фёкла",
        "text": [f"{SECRET} of Фёкла", 40312.75],
        "Фёкла": {"deep": "Фёкла"},
        "debt": 91847,
        "state": "divorced",
    }
    desk.system.says({**known, **unmapped}, headers={"X-Echo": f"{SECRET} Фёкла", "Set-Cookie": "sid=c00kie"})
    ended = desk(target, "client_key=412", "--as", form)
    said = ended.out + ended.err + unquote(ended.out) + json.dumps(ended.out, ensure_ascii=False)
    for canary in (*CANARIES, "Фёкла", "40312", "91847", "divorced", "c00kie", SECRET, IN_URL, "in-url-s3cret"):
        assert canary not in said, canary
    shown = desk(target, "client_key=412", "--as", form, "--reveal").out
    for canary in ("c00kie", SECRET, IN_URL, "in-url-s3cret"):
        assert canary not in unquote(shown), canary
    assert ("Фёкла" in shown) == (form != "curl")
    if form == "curl":
        words = shlex.split(shown)
        assert (words[:3], "Authorization: Bearer $BEARER" in words) == (["curl", "-X", "GET"], True)
        assert words[3].endswith("?k=$K")


@pytest.mark.parametrize("form", ["text", "json", "curl"])
def test_no_personal_value_of_an_input_is_read(desk: Desk, form: str) -> None:
    desk.system.says({"said": "Good day, канарейкин, Лев, born 1990-05-04"})
    words = ("crm.greet", "who=Лев Канарейкин", "day=1990-05-04", "room=blue", "--as", form)
    said = desk(*words).out
    for canary in CANARIES:
        assert canary not in unquote(said), canary
    assert "blue" in said
    revealed = desk(*words, "--reveal").out
    assert "Лев" in unquote(revealed)
    if form == "curl":
        sent = shlex.split(revealed)
        asked = desk.system.asked[-1]
        assert sent[3].startswith(f"{desk.system.url}{asked.target.partition('?')[0]}")
        assert json.loads(sent[-1]) == asked.json


def test_what_one_step_learned_is_not_read_in_the_request_of_the_next(desk: Desk) -> None:
    desk.system.says({"id": 7, "first": "Анфиса Новопассит", "deals": "odd"})
    for form in ("text", "json", "curl"):
        said = desk("crm.chain", "key=7", "--as", form).out
        assert "/deals/7?who=" in said
        for canary in ("Анфиса", "Новопассит"):
            assert canary not in unquote(said), canary
    assert "Анфиса" in unquote(desk("crm.chain", "key=7", "--as", "curl", "--reveal").out)


def test_numbers_keep_their_digits(desk: Desk) -> None:
    desk.system.says(b'{"id": 1, "segment": 0.10000000000000000001}')
    found: Any = desk("card", "client_key=412", "--field", "segment", "--as", "json").json
    assert found[0]["value"] == "0.10000000000000000001"
