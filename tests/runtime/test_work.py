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


def test_a_call_of_a_flow_asks_its_project(tmp_path: Path) -> None:
    (bound,) = load(lay(tmp_path, OPERATIONS, "https://crm.example"), (), {}).connections
    own, flow = work_of(bound, "ask"), work_of(bound, "ask", lambda called: called == "elsewhere")
    assert [(stage.work.called is None, stage.work.asked) for stage in own.stages] == [(False, ""), (False, "")]
    assert [(stage.work.called is None, stage.work.asked) for stage in flow.stages] == [(True, "elsewhere")] * 2
    assert flow.stages[0].work.writes, "so that the second waits"
    assert [stage.needs for stage in flow.stages] == [frozenset(), {"a"}]
    assert [stage.needs for stage in work_of(bound, "ask", lambda _: False).stages] == [frozenset(), frozenset()]


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
