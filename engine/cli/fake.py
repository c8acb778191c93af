"""`tolmach fake`: stand-ins of systems, made of the cases beside their connectors."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.options import CONFIGURATION, DONE, USAGE, Folders, Output

if TYPE_CHECKING:
    from engine.authoring.fake.server import Heard, Standing
    from engine.authoring.trial.play import Suite


def fake(
    *names: str,
    connectors: Folders = (),
    port: int = 0,
    latency: str = "0s",
    case: str | None = None,
    output: Output = "text",
) -> int:
    """Stand in for the systems of connectors over HTTP on this machine, until Ctrl-C; answers are those of tests.yaml.

    Prints what to write into tolmach.yaml, then each request. POST /-/next tells a stand-in what to answer next.

    Parameters
    ----------
    names:
        Connectors by name, or their folders.
    port:
        Port of the first one, the next ones follow; 0 for free ones.
    latency:
        How long each answer takes, such as 200ms.
    case:
        A case, as operation/name, to play again and again in place of those that succeed.
    """
    import asyncio

    from engine.authoring.trial.play import read_suite
    from engine.cli.talk import say

    folders = {name: _folder(name, connectors) for name in names}
    for name in [name for name, folder in folders.items() if folder is None] if names else [""]:
        say(f"tolmach fake: there is no connector `{name}`" if name else "tolmach fake: name a connector")
    late = _seconds(latency)
    if not names or None in folders.values() or late is None:
        return USAGE
    suites = [read_suite(folder) for folder in folders.values() if folder is not None]
    return asyncio.run(_stand(suites, port, late, case, output)) if _known(suites, case) else USAGE


def _seconds(latency: str) -> float | None:
    """How long; None once it was said that it is no duration."""
    from pydantic_core import PydanticCustomError

    from engine.cli.talk import say
    from engine.spec.duration import seconds

    try:
        return seconds(latency)
    except PydanticCustomError as error:
        say(f"tolmach fake: --latency: {error}")
        return None


def _folder(name: str, connectors: tuple[Path, ...]) -> Path | None:
    from engine.runtime.connectors import SHIPPED

    places = (Path(name), *(one / name for one in (*connectors, Path("connectors"), SHIPPED)))
    return next((one for one in places if (one / "connector.yaml").is_file()), None)


def _known(suites: list["Suite"], case: str | None) -> bool:
    """Whether one of them has the case; it says which are like it."""
    from engine.cli.talk import say
    from engine.errors import nearest

    cases = [
        f"{operation}/{one.name}" for suite in suites for operation, some in suite.tests.root.items() for one in some
    ]
    if case is not None and case not in cases:
        say(f"tolmach fake: there is no case `{case}`: {nearest(case, cases)}")
        return False
    return True


async def _stand(suites: list["Suite"], port: int, latency: float, case: str | None, output: Output) -> int:
    import asyncio
    import signal

    from engine.authoring.fake.server import standing
    from engine.authoring.fake.stand_in import Next
    from engine.cli.talk import say

    over = asyncio.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(ending, over.set)
    hear = _tell_json if output == "json" else _tell
    try:
        async with standing(suites, port, latency, hear) as found:
            for one in found:
                if case in one.fake.cases:
                    one.fake.tell(Next.model_construct(case=case, times=0))
            (_show_json if output == "json" else _show)(found)
            await over.wait()
    except OSError as error:
        say(f"tolmach fake: port {port}: {error.strerror}")
        return CONFIGURATION
    return DONE


def _show(found: list["Standing"]) -> None:
    import sys

    from engine.cli.talk import say

    print("connections:")
    for one in found:
        print(f"  {one.fake.name}:")
        for key, value in one.use.items():
            print(f"    {key}: {_written(value)}")
    sys.stdout.flush()
    for one in found:
        cases = len(one.fake.cases)
        say(f"{one.fake.name}: {one.address} answers as {cases} cases of {one.fake.suite.folder / 'tests.yaml'} say")
        for origin in sorted(one.fake.table.elsewhere):
            say(f"  {origin} is not played: no setting moves it here")
    say("what to answer next: POST /-/next; Ctrl-C ends")


def _written(value: Any) -> str:
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_written(one)}" for name, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _show_json(found: list["Standing"]) -> None:
    from engine.cli.talk import print_json

    print_json({one.fake.name: {"address": one.address, "use": one.use} for one in found}, indent=False)


def _tell(heard: "Heard") -> None:
    from engine.cli.talk import say

    ended = "no answer" if heard.status is None else str(heard.status)
    say(f"{heard.connector} {heard.method} {heard.target} → {ended} {heard.case or 'no case has this request'}")


def _tell_json(heard: "Heard") -> None:
    from engine.cli.talk import print_json

    print_json(heard._asdict(), indent=False)
