"""`tolmach key`: the API keys of callers. Only hashes are kept."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from engine.cli.examples import examples
from engine.cli.options import CONFIGURATION, DONE, USAGE, File, Output

if TYPE_CHECKING:
    from engine.spec.project import ProjectFile

Allowed = Annotated[list[str] | None, Parameter(negative="")]
app = App(
    name="key",
    result_action="return_value",
    help="Make, list and revoke the API keys of callers; make the key that seals stored tokens.",
    help_epilogue=examples("key new bot", "key list"),
)


@app.command(help_epilogue=examples("key new bot", "key new bot --allow identity --allow crm.find_client"))
def new(name: str, /, *, allow: Allowed = None, output: Output = "text") -> int:
    """Make a key. It is shown this once; the project file gets only its hash.

    Parameters
    ----------
    name:
        Who calls with it.
    allow:
        Capabilities and operations that it may call; repeat it, or write `crm.*`. Default: all.
    """
    from engine.cli.talk import print_json, say
    from engine.settings.clock import SystemIds
    from engine.spec.key import new_key

    text, digest = new_key(SystemIds())
    allowed = allow or ["*"]
    line = f"- {{name: {_quoted(name)}, hash: {_quoted(digest)}, allow: [{', '.join(map(_quoted, allowed))}]}}"
    if output == "json":
        print_json({"name": name, "key": text, "hash": digest, "allow": allowed, "line": line})
        return DONE
    say("The key, shown only now:")
    print(text)
    say("\nThe line for `keys:` of the project:")
    print(line)
    return DONE


@app.command(help_epilogue=examples("key seal", "key seal > seal.keys"))
def seal() -> int:
    """Make a key that seals stored tokens: for the variable TOLMACH_STORE_KEYS, not for callers."""
    from engine.store.seal import new_seal_key

    print(new_seal_key())
    return DONE


@app.command(name="list", help_epilogue=examples("key list", "key list deploy/tolmach.yaml --output json"))
def list_keys(file: File = Path("tolmach.yaml"), /, *, output: Output = "text") -> int:
    """List the keys of a project file: who, their public id, what they may do."""
    from engine.cli.talk import print_json, say

    rows = [_row(project, key) for project, spec in _read(file).projects.items() for key in spec.keys]
    if output == "json":
        print_json(rows)
        return DONE
    for row in rows:
        print(
            f"{row['project']}\t{row['name']}\t{row['id']}\t{'revoked' if row['revoked'] else ' '.join(row['allow'])}"
        )
    if not rows:
        say("no keys; `tolmach key new NAME` makes one")
    return DONE


@app.command(help_epilogue=examples("key revoke bot", "key revoke bot deploy/tolmach.yaml --project retail"))
def revoke(name: str, file: File = Path("tolmach.yaml"), /, *, project: str | None = None) -> int:
    """Revoke a key: its hash in the project file is replaced, so that nothing matches it any more.

    Parameters
    ----------
    name:
        The name of the key.
    file:
        The project file; everything else in it stays as it is.
    project:
        Which project, where several have a key of that name.
    """
    from engine.cli.talk import say

    projects = _read(file).projects
    found = [
        k for p, spec in projects.items() if project in (None, p) for k in spec.keys if k.name == name and not k.revoked
    ]
    owners = {p for p, spec in projects.items() if any(k in found for k in spec.keys)}
    if not found or (project is None and len(owners) > 1):
        say(f"tolmach key revoke: {'name the project with --project' if found else f'there is no valid key `{name}`'}")
        return USAGE
    text = file.read_text(encoding="utf-8")
    for key in found:
        text = text.replace(key.hash, f"revoked:{key.id}")
    if not _replace(file, text):
        say(f"tolmach key revoke: {file} cannot be written")
        return CONFIGURATION
    say(f"revoked {name}; a running service knows it after its next start")
    return DONE


def _read(file: Path) -> "ProjectFile":
    from engine.spec.project import project_file_of, read_project
    from engine.spec.reading import Reading

    at = Reading(read_project(file))
    found = project_file_of(at.document, at)
    at.finish()
    assert found is not None  # noqa: S101 - finish() has raised otherwise
    return found


def _row(project: str, key: Any) -> dict[str, Any]:
    return {
        "project": project,
        "name": key.name,
        "id": key.id,
        "allow": key.allow,
        "rights": key.rights,
        "revoked": key.revoked,
    }


def _replace(file: Path, text: str) -> bool:
    """Write beside and rename: a crash leaves the old file or the new one."""
    from engine.settings.failpoints import fail_point

    beside = file.with_name(f".{file.name}.new")
    try:
        beside.touch(mode=0o600)
        beside.write_text(text, encoding="utf-8", newline="")
        beside.chmod(file.stat().st_mode & 0o777)
        fail_point("key.replace")
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        return False
    return True


def _quoted(text: str) -> str:
    """Text in double quotes, as YAML reads it whatever it holds (`no` would be taken for a boolean)."""
    return json.dumps(text, ensure_ascii=False)
