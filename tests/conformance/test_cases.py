"""Every case of tests/conformance, played by the real Engine on a scripted wire, in time that nobody waits for."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from engine.authoring.trial.matching import differences
from engine.authoring.trial.script import Script
from engine.authoring.trial.turned import NOON, Chance, TurnedClock, TurnedLoop
from engine.document import Map, Seq, read_text
from engine.errors import CallError, ConfigError, Diagnostic, EvaluationError, LanguageError, Span
from engine.language.codec.json import decode_json, encode_json
from engine.language.expression import compile_expression
from engine.language.locale import LOCALE, Locale
from engine.language.template import compile_template
from engine.runtime.call import Call
from engine.runtime.engine import Engine
from engine.runtime.inbound import Inbox
from engine.runtime.registry import Registry, load
from engine.spec.reading import plain
from engine.spec.trip import Arrival
from tests.conformance.cases import Arrived, Asked, Case, Failure, Result, every

T = TypeVar("T")

CASES = list(every())


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_a_case(case: Case, tmp_path: Path) -> None:
    if case.expression is not None or case.template is not None:
        _evaluated(case)
        return
    files = {tmp_path / name: text.decode() for name, text in case.files().items()}
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    registry, problems = _loaded(tmp_path / "tolmach.yaml")
    refused = case.result.refused if case.result is not None else None
    if registry is None or refused is not None:
        _compare_problems(problems, case.result or Result(), files)
    else:
        with asyncio.Runner(loop_factory=TurnedLoop) as runner:
            runner.run(_played(case, registry, files))


def _evaluated(case: Case) -> None:
    wanted, found = case.result or Result(), _value(case)
    if isinstance(found, LanguageError):
        assert wanted.problem is not None and wanted.problem.code == found.code, str(found)  # noqa: PT018 - one thing
    elif isinstance(found, EvaluationError):
        assert wanted.error is not None, found.message
        assert (wanted.error.code, wanted.error.says in found.message) == ("mapping_failed", True), found.message
    else:
        assert wanted.works, f"it must fail, but yields {found!r}"
        assert same(decode_json(encode_json(found)), plain(wanted.output)), f"{found!r} is not {wanted.output!r}"


def _value(case: Case) -> Any:
    """What an expression or a template yields, or the error."""
    scope = {**plain(case.scope), LOCALE: Locale(**plain(case.project.defaults))}
    try:
        if case.template is not None:
            return compile_template(case.template)(scope)
        return compile_expression(case.expression or "")(scope)
    except (LanguageError, EvaluationError) as error:
        return error


def _loaded(file: Path) -> tuple[Registry | None, list[Diagnostic]]:
    try:
        registry = load(file, (), {})
    except ConfigError as error:
        return None, error.diagnostics
    problems = [problem for trouble in registry.troubles for problem in trouble.diagnostics]
    return (None if problems else registry), problems


def _compare_problems(problems: list[Diagnostic], wanted: Result, files: dict[Path, str]) -> None:
    shown = "\n".join(f"{p.code} {_place(p.span, files)}: {p.message}" for p in problems) or "nothing is refused"
    assert wanted.refused is not None, shown
    found = [(p.code, _kind(p.span), _place(p.span, files)) for p in problems]
    asked = [(p.code, p.file, p.at) for p in wanted.refused]
    for code, file, at in asked:
        fitting = next((f for f in found if f[:2] == (code, file) and at in (None, f[2])), None)
        assert fitting is not None, f"`{code}` at {at} is missing among\n{shown}"
        found.remove(fitting)
    assert not found, shown


async def _played(case: Case, registry: Registry, files: dict[Path, str]) -> None:
    clock = TurnedClock(datetime.fromisoformat(case.now) if case.now else NOON)
    script = Script(case.exchanges, case.ordered, clock)
    script.began = clock.monotonic()
    engine = Engine(registry, clock, _Ids(case.uuid), lambda _config: script)
    inbox, known = Inbox(engine.call, clock), dict[str, str]()
    try:
        for asked in case.asked:
            await clock.sleep(asked.after)
            if asked.request is None:
                await _call(engine, asked, script, files, known)
            else:
                await _arrive(engine, inbox, asked, asked.request, files)
    finally:
        await engine.close()
    script.finish()
    assert not script.wrong, "\n".join(script.wrong)


async def _arrive(engine: Engine, inbox: Inbox, asked: Asked, request: Arrived, files: dict[Path, str]) -> None:
    """A request to an endpoint, without HTTP."""
    mount = next(one for one in engine.registry.projects["p"].mounts if one.name == request.endpoint)
    headers = {str(name).lower(): str(value) for name, value in request.headers.items()}
    arrival = Arrival(mount.endpoint.method, mount.path, request.query, headers, request.body, request.peer)
    seconds = asked.deadline if mount.seconds is None else min(mount.seconds, asked.deadline)
    wanted, until = asked.result or Result(), engine.clock.monotonic() + seconds
    found = await _ended(inbox.answer(mount, arrival, plain(request.path), until, "trace-1", ""))
    if isinstance(found, CallError):
        assert wanted.error is not None, f"{found} at {_place(found.place, files)}"
        _compare_failure(found, wanted.error, files)
        return
    assert wanted.reply is not None, f"it must fail, but answers {found}"
    body = None if found.body is None else decode_json(encode_json(found.body))
    said = (found.status, dict(found.headers), body)
    assert said[:2] == (wanted.reply.status, plain(wanted.reply.headers)), said
    assert same(body, plain(wanted.reply.json_)), said


def same(found: Any, wanted: Any, known: dict[str, str] | None = None) -> bool:
    return not list(differences(found, wanted, {} if known is None else known))


def _filled(value: Any, known: dict[str, str]) -> Any:
    """An input with what `$name` stands for."""
    if isinstance(value, dict):
        return {name: _filled(one, known) for name, one in value.items()}
    return known.get(value, value) if isinstance(value, str) else value


async def _call(engine: Engine, asked: Asked, script: Script, files: dict[Path, str], known: dict[str, str]) -> None:
    targets = engine.registry.projects["p"].targets
    target = asked.operation if asked.operation in targets else f"crm.{asked.operation}"
    given, until = _filled(plain(asked.input), known), engine.clock.monotonic() + asked.deadline
    call = Call("p", target, given, until, trace_id="trace-1", caller=asked.caller, contacts=True)
    wanted, found = asked.result or Result(), await _ended(engine.call(call))
    assert not script.wrong, script.wrong
    if isinstance(found, CallError):
        assert wanted.error is not None, f"{found} at {_place(found.place, files)}"
        _compare_failure(found, wanted.error, files)
        return
    assert wanted.error is None, f"it must fail, but yields {found.data!r}"
    data, meta = decode_json(encode_json(found.data)), found.meta
    assert same(data, plain(wanted.output), known), f"{data!r} is not {wanted.output!r}"
    warnings, parts = meta.get("warnings", []), wanted.warnings or []
    assert len(warnings) == len(parts), warnings
    assert all(part in warning for part, warning in zip(parts, warnings, strict=True)), warnings
    assert [one["status"] for one in meta["sources"][:1]] in ([], [wanted.status])
    assert meta.get("truncated", False) is wanted.truncated


async def _ended(asking: Awaitable[T]) -> T | CallError:
    try:
        return await asking
    except CallError as error:
        return error


def _compare_failure(error: CallError, wanted: Failure, files: dict[Path, str]) -> None:
    assert error.code == wanted.code, f"{error} at {_place(error.place, files)}"
    assert wanted.says in error.detail, error.detail
    assert wanted.at in (None, _place(error.place, files)), _place(error.place, files)
    assert wanted.retryable in (None, error.retryable)
    assert wanted.retry_after is None or error.retry_after == pytest.approx(float(wanted.retry_after))
    assert wanted.spoken in (None, error.customer_message)


class _Ids(Chance):
    """Draws the UUID of the case, or another each time; its chance is one half."""

    def __init__(self, fixed: str | None) -> None:
        super().__init__()
        self._fixed = fixed

    def uuid(self) -> str:
        return self._fixed or super().uuid()


def _kind(span: Span) -> str:
    return "connector" if span.file.endswith("connector.yaml") else "project"


def _place(span: Span | None, files: dict[Path, str]) -> str:
    """The path of what stands at a place: the last key, value or item that begins at or before it."""
    if span is None:
        return ""
    text = next(text for file, text in files.items() if file.name == span.file.rpartition("/")[2])
    try:
        root = read_text(text, span.file).root
    except ConfigError:  # it cannot be read at all
        return ""
    begun = [path for at, path in _places(root, "") if at <= (span.line, span.column)]
    return begun[-1].removeprefix(".") if begun else ""


def _places(node: Any, path: str) -> list[tuple[tuple[int, int], str]]:
    """Every key, value and item with where it begins, in the order of the file."""
    inner: list[tuple[Any, Span, str]] = []
    if isinstance(node, Map):
        inner = [(node[key], node.key_span(key), f"{path}.{key}") for key in node]
    elif isinstance(node, Seq):
        inner = [(one, node.item_span(at), f"{path}[{at}]") for at, one in enumerate(node)]
    return [place for one, span, own in inner for place in (((span.line, span.column), own), *_places(one, own))]
