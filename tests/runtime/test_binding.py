"""A connection with its settings: where values come from, what fits, where secrets go, which addresses are taken."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import CallError, ConfigError, Diagnostic
from engine.runtime.binding import Bound
from engine.runtime.call import Call
from engine.runtime.registry import load
from engine.spec.secret import Secret
from tests.runtime.bench import engine_of, registry_of
from tests.upstream import upstream

HEAD = """\
connector: crm
version: 1.0.0
engine: ">=1.0"
title: A system
settings:
"""
OPERATIONS = "operations:\n  op: {request: {method: GET, path: /x}, output: body}\n"
URL = "https://crm.example"


def lay(
    folder: Path, declared: str, given: str, *, connection: str = "", operations: str = OPERATIONS, more: str = ""
) -> Path:
    """A connector that declares settings, and a project that fills them in."""
    place = folder / "connectors" / "crm" / "connector.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    reached = f"connection:\n  base_url: {URL}\n" if "base_url" not in connection else "connection:\n"
    place.write_text(HEAD + declared + reached + connection + operations, encoding="utf-8")
    file = folder / "tolmach.yaml"
    file.write_text(
        f"projects:\n  p:\n    connections:\n      crm:\n        connector: crm\n        settings: {given}\n{more}",
        encoding="utf-8",
    )
    return file


def bound(file: Path, **environ: str) -> Bound:
    registry = load(file, (), environ)
    assert registry.troubles == (), registry.troubles[0].diagnostics
    (only,) = registry.connections
    return only


def problems(file: Path, **environ: str) -> list[Diagnostic]:
    with pytest.raises(ConfigError) as caught:
        load(file, (), environ)
    return caught.value.diagnostics


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("string", "bank", "bank"),
        ("string", "5", "5"),
        ("integer", '"7"', 7),
        ("boolean", "true", True),
        ("date", "2026-02-01", "2026-02-01"),
        ("phone", '"8 900 123-45-67"', "+79001234567"),
        ("email", "Bot@Bank.Example", "bot@bank.example"),
        ("url", "https://x.example/a", "https://x.example/a"),
        ("path", "/a/b/", "/a/b/"),
        ("file", "/run/ca.pem", "/run/ca.pem"),
        ("{type: list, items: integer}", "[1, '2']", [1, 2]),
        ("object", "{a: 1}", {"a": 1}),
        ("{type: string, default: x}", None, "x"),
        ("{type: string, nullable: true}", "null", None),
    ],
)
def test_settings_of_every_kind(tmp_path: Path, kind: str, given: str | None, expected: Any) -> None:
    given = "{}" if given is None else f"{{s: {given}}}"
    assert bound(lay(tmp_path, f"  s: {kind}\n", given)).settings == {"s": expected}


def test_an_optional_setting_may_be_absent(tmp_path: Path) -> None:
    assert bound(lay(tmp_path, "  s?: string\n", "{}")).settings == {}


def test_values_come_from_variables_and_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"from a file\r\n")
    (tmp_path / "lines").write_bytes(b"one\ntwo\n\n")
    given = (
        f"{{a: '${{A}}', b: 'x-${{A}}-${{B}}', c: '${{file:{tmp_path}/key}}', d: '${{file:{tmp_path}/lines}}', "
        "e: '$${A} $$ $A ${}', l: ['${A}', {k: '${B}'}]}"
    )
    declared = "  a: string\n  b: string\n  c: string\n  d: string\n  e: string\n  l: list\n"
    assert bound(lay(tmp_path, declared, given), A="1", B="${A}").settings == {
        "a": "1",
        "b": "x-1-${A}",
        "c": "from a file",
        "d": "one\ntwo\n",
        "e": "${A} $ $A ${}",
        "l": ["1", {"k": "${A}"}],
    }


def test_a_secret_from_a_file_loses_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"hunter2\n")
    auth = '  auth: {type: bearer, token: "{{ settings.key }}"}\n'
    made = bound(lay(tmp_path, "  key: secret\n", f"{{key: '${{file:{tmp_path}/key}}'}}", connection=auth))
    assert made.credentials[""].sign({}).headers == (("Authorization", "Bearer hunter2"),)
    assert [secret.reveal() for secret in made.secrets] == ["hunter2"]


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        ("{n: 1, u: '${NOTHING}', k: x}", "missing-variable", "`NOTHING`"),
        ("{n: 1, u: '${file:no/such/file}', k: x}", "missing-file", "`no/such/file`"),
        ("{n: 1, u: x, k: '${EMPTY}'}", "setting-misfit", "`k`"),
        ("{n: hunter2, u: x, k: x}", "setting-misfit", "`n`"),
        ("{n: 1, u: x}", "missing-setting", "`k`"),
        ("{n: 1, u: x, k: null}", "setting-misfit", "`k`"),
        ("{n: 1, u: x, k: x, uu: hunter2}", "unknown-setting", "`uu`"),
        ("{n: 1, u: x, k: [hunter2]}", "setting-misfit", "`k`"),
    ],
)
def test_what_does_not_fit_is_told_without_its_value(tmp_path: Path, given: str, code: str, says: str) -> None:
    declared = "  n: integer\n  u: string\n  k: {type: secret, where: https://crm.example/keys}\n"
    (problem,) = problems(lay(tmp_path, declared, given), EMPTY="")
    assert problem.code == code
    assert says in problem.message
    assert "hunter2" not in problem.message + problem.remedy
    assert problem.span.line == 6


def test_every_problem_of_the_settings_is_told_at_once(tmp_path: Path) -> None:
    declared = "  a: integer\n  b: string\n  c: secret\n  d: string\n"
    found = problems(lay(tmp_path, declared, "{a: x, b: '${B}', e: 1, d: '${file:nowhere}'}"))
    assert sorted(problem.code for problem in found) == [
        *("missing-file", "missing-setting", "missing-variable", "setting-misfit", "unknown-setting")
    ]


def test_without_an_environment_names_are_checked_and_nothing_is_bound(tmp_path: Path) -> None:
    declared = "  a: integer\n  b: string\n  c: secret\n"
    file = lay(tmp_path, declared, "{a: '${A}', b: '${file:nowhere}', c: '${C}'}")
    assert list(load(file, (), None).connections) == []
    file = lay(tmp_path, declared, "{a: x, b: '${file:nowhere}', e: '${E}'}")
    with pytest.raises(ConfigError) as caught:
        load(file, (), None)
    found = [problem.code for problem in caught.value.diagnostics]
    assert sorted(found) == ["missing-setting", "setting-misfit", "unknown-setting"]


def test_only_secrets_declared_for_a_place_are_among_the_settings(tmp_path: Path) -> None:
    declared = "  host: string\n  key: secret\n  pin: secret\n  sid: {type: secret, in_url: true}\n"
    auth = '  auth: {type: bearer, token: "{{ settings.key }}", expose: [pin]}\n'
    made = bound(lay(tmp_path, declared, "{host: h, key: k1, pin: p1, sid: s1}", connection=auth))
    assert made.settings == {"host": "h", "pin": "p1", "sid": "s1"}
    assert sorted(secret.reveal() for secret in made.secrets) == ["k1", "p1", "s1"]
    assert all(isinstance(secret, Secret) for secret in made.secrets)
    assert "k1" not in repr(made.settings)


def test_headers_of_a_connection_may_hold_secrets(tmp_path: Path) -> None:
    headers = (
        '  headers: {X-Key: "{{ settings.key }}", X-Both: "k={{ settings.key }}", X-None: "{{ settings.none }}"}\n'
    )
    made = bound(lay(tmp_path, "  key: secret\n  none?: string\n", "{key: k1}", connection=headers))
    assert made.credentials[""].base.headers == (("X-Key", "k1"), ("X-Both", "k=k1"))


@pytest.mark.parametrize("value", ['"a\\r\\nX-Evil: 1"', '"a\\u0007b"', "ключ"])
@pytest.mark.parametrize(
    "place",
    [
        '  headers: {X-Key: "{{ settings.key }}"}\n',
        '  auth: {type: bearer, token: "{{ settings.key }}"}\n',
        '  auth: {type: api_key, in: header, name: X-Key, value: "{{ settings.key }}"}\n',
        '  auth: {type: api_key, in: cookie, name: sid, value: "{{ settings.key }}"}\n',
    ],
)
def test_a_setting_that_no_header_can_hold_is_refused(tmp_path: Path, place: str, value: str) -> None:
    (problem,) = problems(lay(tmp_path, "  key: secret\n", f"{{key: {value}}}", connection=place))
    assert (problem.code, problem.span.line) == ("setting-misfit", 6)
    assert "header" in problem.message
    assert "Evil" not in str(problem)
    assert "ключ" not in str(problem)


@pytest.mark.parametrize(
    ("url", "base", "host"),
    [
        ("https://crm.example", "https://crm.example", "crm.example"),
        ("https://crm.example/", "https://crm.example", "crm.example"),
        ("https://crm.example:8443/a/b/", "https://crm.example:8443/a/b", "crm.example:8443"),
        ("HTTPS://CRM.Example/A", "https://crm.example/A", "crm.example"),
        ("https://crm.example:", "https://crm.example", "crm.example"),
        ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443/x", "[2001:db8::1]:8443"),
        ("https://[::1]", "https://[::1]", "[::1]"),
        ("https://crm.example/путь", "https://crm.example/%D0%BF%D1%83%D1%82%D1%8C", "crm.example"),
        ("https://crm.example/a%20b/%zz", "https://crm.example/a%20b/%25zz", "crm.example"),
        ("https://банк.рф/x", "https://xn--80ab2al.xn--p1ai/x", "xn--80ab2al.xn--p1ai"),
        ("https://crm.example/@team", "https://crm.example/@team", "crm.example"),
    ],
)
def test_addresses(tmp_path: Path, url: str, base: str, host: str) -> None:
    made = bound(lay(tmp_path, "  url: string\n", f"{{url: '{url}'}}", connection='  base_url: "{{ settings.url }}"\n'))
    assert (made.credentials[""].base.url, made.hosts) == (base, (host,))


@pytest.mark.parametrize(
    "url",
    [
        *("https://bob:hunter2@crm.example", "https://hunter2@crm.example/", "https://@hunter2.example"),
        *("https://crm.example/?key=hunter2", "https://crm.example/x#hunter2", "https://crm.example?hunter2"),
        *("https://crm.example/hunter2 x", "https://hunter2\\.example", "ftp://hunter2.example", "hunter2.example"),
        *(
            "https://hunter2.example:0",
            "https://hunter2.example:99999",
            "https://hunter2.example:x",
            "https:///hunter2",
        ),
        *("https://[hunter2", "https://hunter2..example", "https://.hunter2", "//hunter2.example", "https:hunter2"),
        *("https://hunter2%00.example", "https://" + "hunter2" * 10 + ".example", "file:///hunter2", ""),
        *("https://hunter2.example\u2028", "https://hunter2\u00ad\u200b.example\u3002/\u3000"),
    ],
)
@pytest.mark.parametrize("kind", ["string", "secret"])
def test_other_addresses_are_refused_without_being_shown(tmp_path: Path, url: str, kind: str) -> None:
    declared = f"  url: {{type: {kind}, {'in_url: true' if kind == 'secret' else 'default: x'}}}\n"
    file = lay(tmp_path, declared, "{url: '${URL}'}", connection='  base_url: "{{ settings.url }}"\n')
    (problem,) = problems(file, URL=url)
    assert problem.code in ("wrong-url", "setting-misfit")
    assert "hunter2" not in str(problem)


def test_an_address_with_more_than_host_and_path_is_not_shown_under_the_caret(tmp_path: Path) -> None:
    given = "{url: 'https://bob:hunter2@crm.example'}"
    (problem,) = problems(lay(tmp_path, "  url: url\n", given, connection='  base_url: "{{ settings.url }}"\n'))
    assert problem.code == "wrong-url"
    assert problem.source == "        settings: {url: " + "•" * len("'https://bob:hunter2@crm.example'") + "}"


def test_http_needs_a_word_of_the_deployment(tmp_path: Path) -> None:
    plain = '  base_url: "http://crm.example"\n'
    (problem,) = problems(lay(tmp_path, "  n?: string\n", "{}", connection=plain))
    assert (problem.code, "insecure: true" in problem.remedy) == ("insecure-url", True)
    made = bound(lay(tmp_path, "  n?: string\n", "{}", connection=plain, more="        insecure: true\n"))
    assert (made.credentials[""].base.url, made.insecure) == ("http://crm.example", True)


def test_a_deployment_may_have_another_address(tmp_path: Path) -> None:
    more = "        base_url: https://test.crm.example/api/\n"
    made = bound(lay(tmp_path, "  n?: string\n", "{}", more=more))
    assert (made.url, made.hosts) == ("https://test.crm.example/api", ("test.crm.example",))
    login = """  auth:
    type: oauth2
    grant: client_credentials
    token_url: https://login.crm.example/token
    capture: {url: body.url}
  hosts: ["*.crm.example"]
  base_url: "{{ auth.url }}"
"""
    assert bound(lay(tmp_path, "  n?: string\n", "{}", connection=login)).url == ""
    assert bound(lay(tmp_path, "  n?: string\n", "{}", connection=login, more=more)).url == made.url


@pytest.mark.parametrize(("url", "code"), [("http://crm.example", "insecure-url"), ("crm.example", "wrong-url")])
def test_another_address_is_held_to_the_same_rules(tmp_path: Path, url: str, code: str) -> None:
    (problem,) = problems(lay(tmp_path, "  n?: string\n", "{}", more=f"        base_url: {url}\n"))
    assert (problem.code, problem.span.line) == (code, 7)


def test_hosts_and_networks_come_from_both_files(tmp_path: Path) -> None:
    more = "        hosts: [files.example]\n        network: {allow: [10.20.0.0/16]}\n"
    connection = '  hosts: ["*.my.example"]\n  timeout: {connect: 1s, total: 4s}\n'
    made = bound(lay(tmp_path, "  n?: string\n", "{}", connection=connection, more=more))
    assert made.hosts == ("crm.example", "*.my.example", "files.example")
    assert made.allow == ("10.20.0.0/16",)
    assert (made.timeout.connect, made.timeout.total) == (1.0, 4.0)


def test_an_own_authority_is_a_file(tmp_path: Path) -> None:
    made = bound(lay(tmp_path, "  ca: file\n", "{ca: /etc/bank.pem}", connection='  tls: {ca: "{{ settings.ca }}"}\n'))
    assert made.ca == Path("/etc/bank.pem")
    assert bound(lay(tmp_path, "  n?: string\n", "{}")).ca is None
    optional = '  tls: {ca: "{{ settings.ca }}", cert: "{{ settings.cert }}", key: "{{ settings.key }}"}\n'
    declared = "  ca?: file\n  cert?: file\n  key?: secret\n"
    without = bound(lay(tmp_path, declared, "{}", connection=optional))
    assert (without.ca, without.client) == (None, None)


@pytest.mark.parametrize(
    "connection",
    ['  tls: {cert: /c.pem, key: "{{ settings.s }}"}\n', '  auth: {type: bearer, token: "{{ settings.s }}"}\n'],
)
def test_what_a_connection_needs_must_have_a_value(tmp_path: Path, connection: str) -> None:
    (problem,) = problems(lay(tmp_path, "  s?: string\n", "{}", connection=connection))
    assert (problem.code, "settings.s" in problem.message) == ("setting-misfit", True)


async def test_certificates_that_cannot_be_read_are_an_error_of_the_call(tmp_path: Path) -> None:
    connection = '  tls: {ca: "{{ settings.ca }}"}\n'
    file = lay(tmp_path, "  ca: file\n", f"{{ca: {tmp_path}/none.pem}}", connection=connection)
    from engine.runtime.engine import Engine
    from engine.settings.clock import SystemClock, SystemIds

    engine = Engine(load(file, (), {}), SystemClock(), SystemIds())
    with pytest.raises(CallError) as raised:
        await engine.call(Call("p", "crm.op", {}))
    assert (raised.value.code, raised.value.detail) == ("internal", "the certificates of `crm` cannot be read")


@pytest.mark.parametrize(
    ("path", "root", "target"),
    [
        ("/{{ settings.root }}/x", "api/v1", "/api/v1/x"),
        ("/{{ settings.root }}/x", "/api/v 1/", "/api/v%201/x"),
        ("{{ settings.root }}/x", "/api/v1", "/api/v1/x"),
        ("{{ settings.root }}", "api/путь", "/api/%D0%BF%D1%83%D1%82%D1%8C"),
    ],
)
async def test_a_setting_of_type_path_may_hold_slashes(tmp_path: Path, path: str, root: str, target: str) -> None:
    operations = f'operations:\n  op: {{request: {{method: GET, path: "{path}"}}, output: {{ok: {{const: 1}}}}}}\n'
    async with upstream() as system:
        connection, more = (
            f"  base_url: {system.url}\n",
            "        insecure: true\n        network: {allow: [127.0.0.0/8]}\n",
        )
        file = lay(
            tmp_path, "  root: path\n", f"{{root: '{root}'}}", connection=connection, operations=operations, more=more
        )
        from engine.runtime.engine import Engine
        from engine.settings.clock import SystemClock, SystemIds

        engine = Engine(load(file, (), {}), SystemClock(), SystemIds())
        await engine.call(Call("p", "crm.op", {}))
        await engine.close()
        assert system.asked[0].target == target


@pytest.mark.parametrize("root", ["a/../b", "..", "a//b", "a/./b", "a\\b", "/", "a?b", "https://x", "a/%2e%2e/b#"])
def test_a_setting_of_type_path_cannot_climb_or_ask(tmp_path: Path, root: str) -> None:
    file = lay(tmp_path, "  root: path\n", f"{{root: '{root}'}}")
    operations = 'operations:\n  op: {request: {method: GET, path: "/{{ settings.root }}/x"}, output: body}\n'
    file = lay(tmp_path, "  root: path\n", f"{{root: '{root}'}}", operations=operations)

    def render() -> None:
        target = load(file, (), {}).projects["p"].targets["crm.op"].sources[0]
        assert target.work.press
        target.work.press.render({"settings": target.bound.settings, "input": {}})

    with pytest.raises((CallError, ConfigError)) as raised:
        render()
    error: CallError | ConfigError = raised.value  # type: ignore[assignment]  # one of the two
    codes = [error.code] if isinstance(error, CallError) else [problem.code for problem in error.diagnostics]
    assert codes in (["setting-misfit"], ["mapping_failed"])


async def test_a_text_setting_cannot_hold_slashes_in_a_path(tmp_path: Path) -> None:
    rest = 'operations:\n  op: {request: {method: GET, path: "/{{ settings.url }}"}, output: body}\n'
    async with engine_of(tmp_path, rest, "http://127.0.0.1:9") as engine:
        with pytest.raises(CallError) as raised:
            await engine.call(Call("p", "crm.op", {}))
    assert (raised.value.code, "holds a slash" in raised.value.detail) == ("mapping_failed", True)
    assert raised.value.place is not None


def test_tenants_share_a_connector_not_a_connection(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, OPERATIONS, URL, settings=", key: one")
    file = tmp_path / "tolmach.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + text.replace("projects:\n  p:", "  q:").replace("key: one", "key: two"), encoding="utf-8")
    first, second = load(file, (), {}).connections
    assert (first.project, second.project) == ("p", "q")
    assert first.loaded is second.loaded
    assert [s.reveal() for one in (first, second) for s in one.secrets] == ["one", "two"]
    assert [one.name for one in registry.connections] == ["crm"]
