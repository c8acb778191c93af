"""The store as people meet it: opened where tokens must last, beside the project file, refused with a reason."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from engine.store.seal import new_seal_key
from tests.cli.terminal import Ended, started
from tests.runtime.bench import lay
from tests.runtime.portal import GET, ROTATING
from tests.upstream import Asked, Upstream

OWN = """\
auth: {type: oauth2, grant: client_credentials, token_url: "{{ settings.url }}/token", client_id: app}
"""
KEY = new_seal_key()


def grants(system: Upstream) -> None:
    """It grants tokens t1, t2 … for refresh tokens that are good once, and tells which one a call came with."""
    granted = 0

    async def reply(asked: Asked) -> web.StreamResponse:
        nonlocal granted
        if not asked.target.startswith("/token"):
            return web.json_response({"token": asked.headers["authorization"]})
        granted += 1
        given = {"access_token": f"t{granted}", "refresh_token": f"r{granted}", "expires_in": 3600}
        return web.json_response(given)

    system.reply = reply


def tolmach(folder: Path, *words: str | Path, **environ: str) -> Ended:
    with started(words, folder, **environ) as process:
        out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out, err)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def laid(folder: Path, system: Upstream, auth: str) -> Path:
    grants(system)
    return lay(folder, GET, system.url, connection=auth, settings=", key: r0")


def test_a_token_outlives_the_process_beside_the_project_file(
    tmp_path: Path, system: Upstream, elsewhere: Path
) -> None:
    file = laid(tmp_path, system, ROTATING)
    for _ in range(2):
        ended = tolmach(elsewhere, "call", "crm.get", "--file", file, TOLMACH_STORE_KEYS=KEY)
        assert (ended.code, json.loads(ended.out)) == (0, {"token": "Bearer t1"})
    assert [one.target for one in system.asked] == ["/token", "/x", "/x"]
    assert (tmp_path / "tolmach.db").stat().st_mode & 0o077 == 0
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("verb", ["serve", "call", "verify"])
def test_without_keys_what_would_be_lost_is_not_begun(tmp_path: Path, system: Upstream, verb: str) -> None:
    file = laid(tmp_path, system, ROTATING)
    words: dict[str, list[str | Path]] = {"serve": [file, "--port", "0"], "call": ["crm.get"], "verify": []}
    ended = tolmach(tmp_path, verb, *words[verb])
    assert ended.code == 4
    (line,) = ended.err.splitlines()
    assert line.startswith("tolmach: TOLMACH_STORE_KEYS: it is not set, but p.crm has tokens")
    assert "tolmach key seal" in line
    assert system.asked == []


def test_tokens_that_can_be_fetched_again_need_no_store(tmp_path: Path, system: Upstream) -> None:
    file = laid(tmp_path, system, OWN)
    for _ in range(2):
        assert tolmach(tmp_path, "call", "crm.get", "--file", file).code == 0
    assert [one.target for one in system.asked] == ["/token", "/x"] * 2
    assert not (tmp_path / "tolmach.db").exists()


@pytest.mark.parametrize(
    ("data", "found"),
    [(b"", "it is empty"), (b"notes\n" * 999, "does not begin as a database"), (None, "database of another program")],
)
@pytest.mark.parametrize("verb", ["serve", "call"])
def test_a_file_that_is_no_store_is_refused_and_left_alone(
    tmp_path: Path, system: Upstream, verb: str, data: bytes | None, found: str
) -> None:
    import sqlite3
    from contextlib import closing

    file, store = laid(tmp_path, system, ROTATING), tmp_path / "tolmach.db"
    if data is None:
        with closing(sqlite3.connect(store)) as foreign:
            foreign.execute("CREATE TABLE notes (text)")
            foreign.commit()
    else:
        store.write_bytes(data)
    before = store.read_bytes()
    words: list[str | Path] = [file, "--port", "0"] if verb == "serve" else ["crm.get", "--file", file]
    ended = tolmach(tmp_path, verb, *words, TOLMACH_STORE_KEYS=KEY)
    assert ended.code == 4
    (line,) = ended.err.splitlines()
    assert line.startswith(f"tolmach: {store}: ")
    assert found in line
    assert store.read_bytes() == before
    assert system.asked == []


def test_a_store_that_is_named_is_opened_though_nothing_needs_it(tmp_path: Path, system: Upstream) -> None:
    file, store = laid(tmp_path, system, OWN), tmp_path / "other.db"
    assert tolmach(tmp_path, "call", "crm.get", "--file", file, TOLMACH_STORE=str(store)).code == 0
    assert store.exists()
    store.write_bytes(b"notes\n" * 999)
    assert tolmach(tmp_path, "call", "crm.get", "--file", file, TOLMACH_STORE=str(store)).code == 4
