"""What an operation comes to: planned for a connection, its calls found by whoever plans it."""

from pathlib import Path

from engine.runtime.registry import load
from engine.runtime.work import work_of
from tests.runtime.bench import lay

OPERATIONS = """\
operations:
  ask: {steps: {a: {call: elsewhere}, b: {call: elsewhere}}, output: a.output}
  elsewhere: {request: {method: DELETE, path: /x}, output: {ok: true}}
"""


def test_a_call_may_lead_to_another_connection(tmp_path: Path) -> None:
    file = lay(tmp_path, OPERATIONS, "https://crm.example")
    text = file.read_text(encoding="utf-8")
    other = "connections:\n      bank: {connector: crm, settings: {url: 'https://bank.example'}}\n"
    file.write_text(text.replace("connections:\n", other), encoding="utf-8")
    bounds = {bound.name: bound for bound in load(file, (), {}).connections}
    work = work_of(bounds["crm"], "ask", lambda called: (bounds["bank"], called))
    first, second = (stage.work.called for stage in work.stages)
    assert first is not None
    assert second is not None
    assert (work.bound.name, first.bound.name, second.bound.name) == ("crm", "bank", "bank")
    assert first.press is not None
    assert first.press.render({}).url == "https://bank.example/x"
    assert first.writes, "so that the second waits"
    assert [stage.needs for stage in work.stages] == [frozenset(), {"a"}]


SIGNED = """\
  auth:
    app: {type: oauth2, grant: client_credentials, token_url: "https://x.example", client_id: a, client_secret: b}
    client: {type: oauth2, grant: client_credentials, token_url: "https://x.example", client_id: a, client_secret: c}
operations:
  ask:
    auth: client
    subject: "{{ input.who }}"
    limits: {rate: 4/s}
    input: {who: string}
    steps:
      own: {request: {method: GET, path: /x}}
      other: {auth: app, limits: {rate: 2/s}, request: {method: GET, path: /y}}
    output: {ok: true}
"""


def test_a_step_with_another_credential_is_not_signed_for_the_operations_client(tmp_path: Path) -> None:
    (bound,) = load(lay(tmp_path, SIGNED, "https://crm.example"), (), {}).connections
    own, other = (stage.work for stage in work_of(bound, "ask").stages)
    assert own.whose({"input": {"who": "7"}}) == "7"
    assert other.whose({"input": {"who": "7"}}) == ""
    assert own.limits is not None
    assert other.limits is not None
    assert (own.name, own.limits.rate, other.name, other.limits.rate) == ("ask", 4.0, "ask.other", 2.0)
