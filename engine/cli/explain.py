"""`tolmach explain`: one call, and what gave each field of its answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from engine.cli.options import DONE, USAGE, File, Flag, Folders

if TYPE_CHECKING:
    from engine.authoring.explain.explanation import Explanation
    from engine.authoring.explain.recording import Explaining
    from engine.runtime.call import Call
    from engine.runtime.engine import Engine
    from engine.runtime.registry import Registry

Form = Annotated[Literal["text", "json", "curl"], Parameter(name="--as", help="How to print.")]


def explain(
    target: str,
    /,
    *inputs: str,
    project: str | None = None,
    file: File = Path("tolmach.yaml"),
    connectors: Folders = (),
    field: str | None = None,
    form: Form = "text",
    reveal: Flag = False,
) -> int:
    """Call one operation, and show what was sent, what came back, and which line gave each field.

    Parameters
    ----------
    target:
        CONNECTION.OPERATION, or a capability.
    inputs:
        key=value for text, key:=JSON for any other value.
    project:
        Which project, where the file has several.
    field:
        Only this field of the answer, such as name.first: its line, its value, or what was missing.
    reveal:
        Show personal data, and answers of systems whole; secrets never.
    """
    from engine.cli.call import asked

    found = asked("explain", target, inputs, project, file, connectors, reveal)
    return found if isinstance(found, int) else _explained(*found, file.parent, field, form)


def _explained(registry: "Registry", request: "Call", folder: Path, field: str | None, form: Form) -> int:
    from engine.authoring.explain.explanation import explain
    from engine.authoring.explain.recording import Explaining
    from engine.cli.call import answered, failed

    heard = Explaining(registry.projects[request.project], request.target)

    async def ask(engine: "Engine") -> None:
        await engine.call(request, heard)

    error = answered(registry, folder, ask)
    shown = explain(heard, error, request.reveal)
    known = _print_field(heard, shown, field, form) if field is not None else _print(shown, form)
    code = failed(error, registry, "text") if error is not None else DONE
    return code if known else USAGE


def _print(shown: "Explanation", form: Form) -> bool:
    from engine.authoring.explain.curl import curl
    from engine.cli.talk import print_json
    from engine.cli.tracing import table, trip
    from engine.errors.report import clean

    if form == "json":
        print_json(shown)
    elif form == "curl":
        print("\n\n".join(map(curl, shown["requests"])))
    else:
        print(clean(f"{trip(shown)}\n{table(shown)}"))
    return True


def _print_field(heard: "Explaining", shown: "Explanation", name: str, form: Form) -> bool:
    """Whether there is such a field."""
    from engine.authoring.explain.explanation import rows_of
    from engine.authoring.explain.fields import bare
    from engine.cli.talk import print_json, say
    from engine.cli.tracing import field
    from engine.errors import nearest
    from engine.errors.report import clean

    rows = list(zip(rows_of(heard), shown["fields"], strict=True))
    wanted = [(row, one) for row, one in rows if name in (row.path, bare(row.path))]
    if not wanted:
        known = [bare(row.path) for row, _ in rows]
        say(f"tolmach explain: the answer has no field `{name}`: {nearest(name, known, 'see the contract')}")
        return False
    if form == "json":
        print_json([one for _, one in wanted])
        return True
    for row, one in wanted:
        lines = list(field(one)) if row.origins else [f"{row.path}: no line of `{row.name}` maps it"]
        print(clean("\n".join([*lines, *(line for origin in row.origins for line in _pointed(origin))])))
    return True


def _pointed(origin: Any) -> list[str]:
    """The line of the file, with carets."""
    import linecache

    from engine.errors.report import pointed

    source = linecache.getline(origin.place.file, origin.place.line).rstrip("\n") if origin.place is not None else ""
    lines = [str(origin.place), *pointed(source, origin.place)] if source else []
    return [*lines, *(line for one in origin.behind for line in _pointed(one))]
