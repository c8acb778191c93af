"""A canary in every setting of every way to sign: none is ever read in the log, an error, a page or a trace."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

from aiohttp import ClientSession, web

from engine.settings.clock import SystemIds
from engine.spec.key import new_key
from tests.cli.terminal import ROOT
from tests.upstream import Asked, Upstream, upstream

WAYS: Final = {
    "bearer": 'auth: {expose: [file], type: bearer, token: "{{ settings.first }}"}',
    "basic": 'auth: {expose: [file], type: basic, username: "{{ settings.second }}", password: "{{ settings.first }}"}',
    "header": 'auth: {expose: [file], type: api_key, in: header, name: X-Key, value: "{{ settings.first }}"}',
    "query": 'auth: {expose: [file], type: api_key, in: query, name: k, value: "{{ settings.first }}"}',
    "cookie": 'auth: {expose: [file], type: api_key, in: cookie, name: sid, value: "{{ settings.first | url }}"}',
    "path": 'auth: {expose: [file], type: api_key, in: path, value: "{{ settings.first }}"}',
    "headers": (
        "auth: {expose: [file], type: none}\n"
        '  headers: {X-Own: "{{ settings.first }}", X-Mixed: "v1 {{ settings.second }} end"}'
    ),
}
CONNECTOR: Final = """\
connector: {name}
version: 1.0.0
engine: ">=1.0"
title: A system
settings:
  url: {{type: url}}
  first: {{type: secret}}
  second: {{type: secret, in_url: true}}
  file: {{type: secret}}
  plain: {{type: string, title: A word}}
  mail: {{type: email}}
  list: {{type: list, items: string}}
  object: {{type: object}}
connection:
  base_url: "{{{{ settings.url }}}}"
  {way}
  timeout: {{total: 1s}}
response:
  errors: [{{when: body.echo, message: body.echo, code: upstream_error}}]
operations:
  op:
    title: Something
    input: {{id?: string}}
    request:
      method: POST
      path: "/x/{{{{ settings.second }}}}"
      query: {{s: "{{{{ settings.second }}}}", plain: "{{{{ settings.plain }}}}"}}
      json: {{pass: "{{{{ settings.file }}}}", mail: "{{{{ settings.mail }}}}", all: "{{{{ settings.list }}}}"}}
    output: {{id: body.id}}
"""


@dataclass
class Play:
    """One deployment with its canaries; `read` is everything that anybody outside may read."""

    folder: Path
    key: str = ""
    canaries: dict[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    def lay(self, url: str) -> None:
        """A connection for each way, each setting a value of its own, secrets in variables and in files."""
        uses = ""
        for way, lines in WAYS.items():
            place = self.folder / "connectors" / way / "connector.yaml"
            place.parent.mkdir(parents=True)
            place.write_text(CONNECTOR.format(name=way, way=lines), encoding="utf-8")
            for name in ("first", "second", "plain"):
                self.canaries[f"{way}_{name}"] = f"cAn4ry-{way}-{name}+=" if name == "first" else f"cAn4ry-{way}-{name}"
            self.canaries[f"{way}_file"] = f'cAn4ry-{way}"file\\и'
            (self.folder / f"{way}.secret").write_text(self.canaries[f"{way}_file"], encoding="utf-8")
            uses += (
                f"      {way}:\n        connector: {way}\n        insecure: true\n"
                "        network: {allow: [127.0.0.0/8]}\n        settings:\n"
                f"          url: {url}/cAn4ry-{way}-base\n"
                f'          first: "${{{way}_first}}"\n          second: "${{{way}_second}}"\n'
                f'          file: "${{file:{self.folder}/{way}.secret}}"\n          plain: "${{{way}_plain}}"\n'
                f"          mail: cAn4ry-{way}@mail.example\n          list: [cAn4ry-{way}-item]\n"
                f"          object: {{cAn4ry-{way}-name: cAn4ry-{way}-member}}\n"
            )
        self.key, digest = new_key(SystemIds())
        keys = f'    keys: [{{name: bot, hash: "{digest}", allow: ["*"], rights: [explain, reveal]}}]\n'
        text = "projects:\n  p:\n    defaults: {deadline: 5s}\n    connections:\n" + uses + keys
        (self.folder / "tolmach.yaml").write_text(text, encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        named = {name: value for name, value in self.canaries.items() if not name.endswith("_file")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOLMACH_")}
        own = {"TOLMACH_PORT": "0", "TOLMACH_DRAIN": "0", "TOLMACH_LOG_LEVEL": "debug"}
        return kept | own | named | {"PYTHONPATH": str(ROOT), "TOLMACH_METRICS_KEY": "cAn4ry-metrics"}

    async def run(self, *words: str) -> asyncio.subprocess.Process:
        """`tolmach …` in the folder."""
        command = (sys.executable, "-m", "engine.cli", *words)
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=self.environ, stdout=pipe, stderr=pipe
        )

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[str]:
        """The service, whose whole log is read at the end; gives its address."""
        process = await self.run("serve")
        assert process.stderr is not None
        try:
            while not (line := (await asyncio.wait_for(process.stderr.readline(), 30)).decode()).startswith("tolmach "):
                assert line
                self.read.append(line)
            yield line.split()[-1]
        finally:
            process.terminate()
            out, log = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0
        self.read += [out.decode(), log.decode()]


def echoing(status: int, form: str) -> Any:
    """A system that repeats all it was asked, headers decoded too, in an error of its own."""

    async def reply(asked: Asked) -> web.StreamResponse:
        coded = asked.headers.get("authorization", "").removeprefix("Basic ")
        decoded = base64.b64decode(coded).decode() if asked.headers.get("authorization", "").startswith("Basic") else ""
        all_ = f"{asked.target} {asked.headers} {asked.body.decode()} {decoded}"
        body = all_ if form == "text" else json.dumps({"echo": all_} if form == "echo" else {"id": None, "all": all_})
        return web.Response(status=status, text=body, content_type="application/json", headers={"X-Echo": coded or "-"})

    return reply


async def _silent(_asked: Asked) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


REPLIES: Final = {
    "an error": echoing(500, "echo"),
    "an error at 200": echoing(200, "echo"),
    "no rule": echoing(403, "other"),
    "unreadable": echoing(200, "text"),
    "unreadable error": echoing(502, "text"),
    "unmapped": echoing(200, "other"),
    "silence": _silent,
}
PAGES: Final = ("/metrics", "/openapi.json", "/readyz", "/docs", "/livez", "/nowhere")


async def _calls(play: Play, address: str, system: Upstream) -> set[str]:
    """Every way into every reply over HTTP; gives the codes of the failures."""
    codes: set[str] = set()
    given = {"X-Api-Key": play.key, "Content-Type": "application/json"}
    async with ClientSession() as http:
        for name, reply in [*REPLIES.items(), ("nobody", None)]:
            if reply is not None:
                system.reply = reply
            for way in WAYS:
                path = f"{address}/v1/p/{way}/op"
                headers = given | ({"X-Deadline-Ms": "1"} if name == "nobody" else {})
                async with http.post(path, json={}, headers=headers) as answer:
                    text = await answer.text()
                    play.read += [text, str(answer.headers)]
                    codes.add(json.loads(text)["code"])
        for page in PAGES:
            async with http.get(address + page, headers={"Authorization": "Bearer cAn4ry-metrics"}) as answer:
                play.read.append(await answer.text())
    return codes


def _shown(play: Play, secrets_only: bool = False) -> set[str]:
    """Which canaries can be read somewhere, as they are or in another spelling."""
    text = "\n".join(play.read)
    found = set()
    for name, canary in play.canaries.items():
        if secrets_only and name.endswith("_plain"):
            continue
        raw = canary.encode()
        whole = base64.b64encode(raw)[: len(raw) // 3 * 4].decode()
        forms = {canary, quote(canary), quote(canary, safe=""), quote_plus(canary), json.dumps(canary)[1:-1], whole}
        if any(form in text for form in forms | {raw.hex()}):
            found.add(name)
    return found


async def test_no_setting_is_read_in_log_error_or_page(tmp_path: Path) -> None:
    play = Play(tmp_path)
    async with upstream() as system:
        play.lay(system.url)
        async with play.serving() as address:
            codes = await _calls(play, address, system)
    assert len(system.asked) >= 7 * len(WAYS)
    assert all(play.canaries["bearer_first"] not in line for line in play.read)
    assert codes >= {"upstream_error", "upstream_rejected", "response_unreadable", "mapping_failed", "upstream_timeout"}
    assert _shown(play, secrets_only=True) == set()
    assert "cAn4ry-metrics" not in "\n".join(play.read)


async def test_the_engine_itself_tells_no_setting_at_all(tmp_path: Path) -> None:
    """Where the system repeats nothing, values of settings that are no secrets stay inside too."""
    play = Play(tmp_path)
    async with upstream() as system:
        play.lay(system.url)
        async with play.serving() as address, ClientSession() as http:
            for status, body in ((500, None), (200, {"id": None}), (200, b"<x"), (302, None), (204, None)):
                system.says(body, status=status, headers={"Location": "/elsewhere"})
                for way in WAYS:
                    given = {"X-Api-Key": play.key}
                    async with http.post(f"{address}/v1/p/{way}/op", json={}, headers=given) as answer:
                        play.read += [await answer.text(), str(answer.headers)]
            for page in PAGES:
                async with http.get(address + page) as answer:
                    play.read.append(await answer.text())
    assert "cAn4ry" not in "\n".join(play.read)


async def test_no_secret_is_read_in_a_traced_call(tmp_path: Path) -> None:
    play = Play(tmp_path)
    async with upstream() as system:
        play.lay(system.url)
        for reply, output in ((echoing(500, "echo"), "text"), (echoing(200, "other"), "json")):
            system.reply = reply
            processes = [await play.run("call", f"{way}.op", "--trace", "--output", output) for way in WAYS]
            for process in processes:
                out, err = await asyncio.wait_for(process.communicate(), 60)
                assert process.returncode == 3
                play.read += [out.decode(), err.decode()]
    assert len(system.asked) == 2 * len(WAYS)
    assert _shown(play, secrets_only=True) == set()
    assert "plain" in "\n".join(play.read)


async def test_no_setting_is_read_in_what_check_and_serve_say_of_mistakes(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.lay("ftp://cAn4ry-host")
    file = tmp_path / "tolmach.yaml"
    wrong = file.read_text(encoding="utf-8").replace("          list: [", "          lsit: [").replace("mail.", "")
    file.write_text(wrong.replace("@mail.example", ""), encoding="utf-8")
    for words, code in (
        (("check",), 1),
        (("check", "--output", "json"), 1),
        (("serve",), 4),
        (("call", "basic.op"), 4),
    ):
        process = await play.run(*words)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == code
        play.read += [out.decode(), err.decode()]
    assert "\n".join(play.read).count("setting-misfit") >= 4 * 2 * len(WAYS)
    assert _shown(play) == set()
