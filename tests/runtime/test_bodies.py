"""Bodies, addresses and answers of every format through the engine: the bytes that leave, the values that come back."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import pytest

from engine.errors import CallError
from engine.runtime.call import Call
from engine.spec.body import MAX_BODY
from tests.runtime.bench import engine_of
from tests.upstream import Asked, upstream

CSV = "text/csv, */*;q=0.5"
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
ENVELOPE_12 = "{http://www.w3.org/2003/05/soap-envelope}"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
CONNECTION = "auth: {type: none, expose: [key]}\n"
BODIES = """
operations:
  xml:
    input: {v?: string}
    request:
      method: POST
      path: /x
      xml: {f:find: {"@xmlns:f": "urn:f", "@kind": "{{ input.v }}", row: ["{{ input.v }}", 2, null]}}
  nothing: {request: {method: POST, path: /x, xml: {when: "`false`", as: {a: 1}}}}
  soap:
    input: {v?: string, body?: object}
    request:
      method: POST
      path: /s
      soap:
        action: "{{ input.v }}"
        namespaces: {c: "urn:core"}
        header: {when: input.v, as: {c:Id: "{{ input.v }}"}}
        body: "{{ input.body or {'c:Ping': {}} }}"
        charset: windows-1251
  soap12:
    input: {v?: string}
    request: {method: POST, path: /s, soap: {version: "1.2", action: "{{ input.v }}", body: {a: 1}}}
  security:
    request:
      method: POST
      path: /s
      soap:
        namespaces: {wsse: "WSSE"}
        header:
          let: {nonce: call.request_id, created: "datetime(now, '%Y-%m-%dT%H:%M:%SZ')"}
          as:
            wsse:Security:
              "@soap:mustUnderstand": 1
              wsse:UsernameToken:
                wsse:Username: tolmach
                wsse:Password:
                  "@Type": "#PasswordDigest"
                  "#text": "{{ (nonce ~ created ~ settings.key) | hash('sha1', 'base64') }}"
                wsse:Nonce: "{{ nonce | base64 }}"
                wsse:Created: "{{ created }}"
              wsse:Plain: {wsse:Password: "{{ settings.key }}"}
        body: {a: 1}
  list: {request: {method: POST, path: /s, soap: {body: "{{ [1] }}"}}}
  own: {request: {method: POST, path: /s, soap: {namespaces: {soap: "urn:x"}, body: {a: 1}}}}
  graphql:
    input: {v?: string}
    request:
      method: POST
      path: /g
      graphql: {query: "query ($v: ID) { user(id: $v) }", variables: {v: "{{ input.v }}"}}
  bare: {request: {method: POST, path: /g, graphql: {query: "{ me }"}}}
  text: {input: {v?: string}, request: {method: POST, path: /t, text: "{{ input.v }}"}}
  multipart:
    input: {v?: string, list?: list}
    request:
      method: POST
      path: /m
      multipart:
        n: 5
        gone: "{{ input.list }}"
        tag: ["a", null, "б"]
        scan: {filename: "{{ input.v }}", type: image/png, base64: AAEC}
        meta: {json: {a: "{{ input.v }}"}}
        note: {text: "{{ input.v }}"}
  odd: {input: {v: object}, request: {method: POST, path: /m, multipart: {p: "{{ input.v }}"}}}
  tried: {request: {method: POST, path: /m, headers: {X-Try: "{{ attempt.id }}"}, multipart: {a: 1}}}
  fixed: {request: {method: POST, path: /m, headers: {Content-Type: a/b, accept: c/d}, xml: {a: 1}}}
  php:
    input: {ids: list}
    request:
      method: POST
      path: /q
      encoding: {lists: brackets, space: plus}
      query: {filter: {id: "{{ input.ids }}"}, q: a b}
      form: {where: [{type: "{{ input.ids[0] }}"}]}
  params:
    input: {v: string}
    request: {method: GET, path: /q, query: {params: "{{ {'name': input.v, 'deep': [1]} | to_json }}"}}
""".replace("WSSE", WSSE)


async def asked(folder: Path, operation: str, given: dict[str, Any] | None = None) -> Asked:
    async with upstream() as system:
        async with engine_of(folder, BODIES, system.url, connection=CONNECTION, settings=", key: s3") as engine:
            try:
                await engine.call(Call("p", f"crm.{operation}", given or {}))
            except CallError:
                assert system.asked == []
                raise
        return system.asked[-1]


async def refused(folder: Path, operation: str, given: dict[str, Any] | None = None) -> str:
    with pytest.raises(CallError) as raised:
        await asked(folder, operation, given)
    assert raised.value.code == "mapping_failed"
    assert raised.value.place is not None
    return str(raised.value)


async def test_xml_is_sent_with_its_type(tmp_path: Path) -> None:
    found = await asked(tmp_path, "xml", {"v": "<é>"})
    assert (found.headers["content-type"], found.headers["accept"]) == ("application/xml", "application/xml, text/xml")
    assert (
        found.body
        == (
            '<?xml version="1.0" encoding="utf-8"?><f:find xmlns:f="urn:f" kind="&lt;é&gt;">'
            "<row>&lt;é&gt;</row><row>2</row><row></row></f:find>"
        ).encode()
    )
    assert b'<f:find xmlns:f="urn:f"><row></row><row>2' in (await asked(tmp_path, "xml")).body
    assert (await asked(tmp_path, "nothing")).body == b""
    assert "`xml`: text holds a control character" in await refused(tmp_path, "xml", {"v": "\x01"})


async def test_soap_1_1_has_its_envelope_action_and_charset(tmp_path: Path) -> None:
    found = await asked(tmp_path, "soap", {"v": "urn:core#Ёж", "body": {"c:Find": {"c:Name": "Ёж 你"}}} | {"v": "a"})
    assert found.headers["content-type"] == "text/xml; charset=windows-1251"
    assert (found.headers["soapaction"], found.headers["accept"]) == ('"a"', "text/xml")
    assert found.body.startswith(b'<?xml version="1.0" encoding="windows-1251"?>')
    assert "Ёж &#20320;".encode("cp1251") in found.body
    root = ET.fromstring(found.body)
    assert [child.tag for child in root] == [f"{ENVELOPE}Header", f"{ENVELOPE}Body"]
    assert root.findtext(f"{ENVELOPE}Body/{{urn:core}}Find/{{urn:core}}Name") == "Ёж 你"
    assert root.findtext(f"{ENVELOPE}Header/{{urn:core}}Id") == "a"


async def test_soap_without_action_and_header_has_an_empty_action_and_no_header(tmp_path: Path) -> None:
    found = await asked(tmp_path, "soap")
    assert found.headers["soapaction"] == '""'
    assert [child.tag for child in ET.fromstring(found.body)] == [f"{ENVELOPE}Body"]


async def test_soap_1_2_has_its_own_envelope_and_says_the_action_in_the_type(tmp_path: Path) -> None:
    found = await asked(tmp_path, "soap12", {"v": "urn:a"})
    assert found.headers["content-type"] == 'application/soap+xml; charset=utf-8; action="urn:a"'
    assert found.headers["accept"] == "application/soap+xml"
    assert "soapaction" not in found.headers
    assert ET.fromstring(found.body).findtext(f"{ENVELOPE_12}Body/a") == "1"
    assert (await asked(tmp_path, "soap12")).headers["content-type"] == "application/soap+xml; charset=utf-8"


@pytest.mark.parametrize("operation", ["soap", "soap12"])
@pytest.mark.parametrize("action", ['a"; b="', "a\\", "a\r\nX: 1", "ж"])
async def test_an_action_cannot_leave_its_quotes(tmp_path: Path, operation: str, action: str) -> None:
    assert action not in await refused(tmp_path, operation, {"v": action})


async def test_an_envelope_takes_elements_and_keeps_its_prefix(tmp_path: Path) -> None:
    assert "`soap.body`: `body` holds elements, found a list" in await refused(tmp_path, "list")
    assert "`soap.namespaces`: the prefix `soap`" in await refused(tmp_path, "own")


async def test_a_username_token_is_a_tree_of_the_header(tmp_path: Path) -> None:
    root = ET.fromstring((await asked(tmp_path, "security")).body)
    token = root.find(f"{ENVELOPE}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
    assert token is not None
    said = {child.tag.partition("}")[2]: child.text or "" for child in token}
    nonce = base64.b64decode(said["Nonce"], validate=True)
    digest = hashlib.sha1(nonce + said["Created"].encode() + b"s3").digest()
    assert base64.b64decode(said["Password"]) == digest
    assert len(nonce) == 36
    plain = root.findtext(f"{ENVELOPE}Header/{{{WSSE}}}Security/{{{WSSE}}}Plain/{{{WSSE}}}Password")
    assert plain == "s3"


async def test_graphql_is_a_query_and_its_variables(tmp_path: Path) -> None:
    found = await asked(tmp_path, "graphql", {"v": 'x") { all } #'})
    assert found.headers["content-type"] == "application/json"
    assert found.json == {"query": "query ($v: ID) { user(id: $v) }", "variables": {"v": 'x") { all } #'}}
    assert (await asked(tmp_path, "bare")).json == {"query": "{ me }"}


async def test_text_is_sent_as_it_is_and_null_is_no_body(tmp_path: Path) -> None:
    found = await asked(tmp_path, "text", {"v": "Ёж\r\n"})
    assert (found.body, found.headers["content-type"]) == ("Ёж\r\n".encode(), "text/plain; charset=utf-8")
    assert (await asked(tmp_path, "text")).body == b""


async def test_a_multipart_form_has_texts_lists_and_files(tmp_path: Path) -> None:
    found = await asked(tmp_path, "multipart", {"v": 'ф"1'})
    kind, _, boundary = found.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    *parts, last = found.body.split(f"--{boundary}".encode())
    assert (parts[0], last) == (b"", b"--\r\n")
    text = "Content-Type: text/plain; charset=utf-8\r\n"
    form = "\r\nContent-Disposition: form-data; name="
    assert [part.decode() for part in parts[1:]] == [
        f'{form}"n"\r\n\r\n5\r\n',
        f'{form}"tag"\r\n\r\na\r\n',
        f'{form}"tag"\r\n\r\nб\r\n',
        f'{form}"scan"; filename="ф%221"\r\nContent-Type: image/png\r\n\r\n\x00\x01\x02\r\n',
        f'{form}"meta"\r\nContent-Type: application/json\r\n\r\n{{"a":"ф\\"1"}}\r\n',
        f'{form}"note"\r\n{text}\r\nф"1\r\n',
    ]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({}, "one of `text`, `base64`, `json`"),
        ({"text": "a", "json": 1}, "one of `text`, `base64`, `json`"),
        ({"text": "a", "name": "b"}, "one of `text`, `base64`, `json`"),
        ({"base64": "secret!"}, "not base64"),
        ({"base64": "жж"}, "not base64"),
        ({"text": ["secret"]}, "a list has no text"),
        ({"text": "a", "type": "a/b\r\nX: 1"}, "a header value holds"),
        ({"text": "a", "filename": "\x00"}, "control character"),
        ({"text": "\ud800"}, "surrogate"),
    ],
)
async def test_a_part_that_cannot_be_sent_is_named(tmp_path: Path, part: dict[str, Any], said: str) -> None:
    error = await refused(tmp_path, "odd", {"v": part})
    assert said in error
    assert "secret" not in error


async def test_a_header_of_the_file_wins_and_every_attempt_keeps_the_boundary(tmp_path: Path) -> None:
    found = await asked(tmp_path, "fixed")
    assert (found.headers["content-type"], found.headers["accept"]) == ("a/b", "c/d")
    found = await asked(tmp_path, "tried")
    boundary = found.headers["content-type"].partition("boundary=")[2]
    assert found.body.startswith(f"--{boundary}\r\n".encode())
    assert len(found.headers["x-try"]) == 36


async def test_query_and_form_are_spelled_as_php_reads_them(tmp_path: Path) -> None:
    found = await asked(tmp_path, "php", {"ids": ["a b", 2]})
    assert found.target == "/q?filter%5Bid%5D%5B0%5D=a+b&filter%5Bid%5D%5B1%5D=2&q=a+b"
    assert found.body == b"where%5B0%5D%5Btype%5D=a+b"


async def test_json_may_stand_in_a_query(tmp_path: Path) -> None:
    found = await asked(tmp_path, "params", {"v": 'x"} & {"'})
    ((name, text),) = parse_qsl(found.target.partition("?")[2], strict_parsing=True)
    assert (name, json.loads(text)) == ("params", {"name": 'x"} & {"', "deep": [1]})


async def test_no_body_is_larger_than_8_mib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_BODY == 8 * 1024 * 1024
    monkeypatch.setattr("engine.spec.request.MAX_BODY", 100)
    assert len((await asked(tmp_path, "text", {"v": "x" * 100})).body) == 100
    assert "`text`: the body is larger than 100 bytes" in await refused(tmp_path, "text", {"v": "x" * 101})


PATHS = """
operations:
  list:
    input: {id?: string, part?: string}
    request: {method: GET, path: [/orders/2024, "{{ input.id }}", null, "Заказ?#%20 1", "{{ input.part or '~' }}x", 7]}
  empty: {input: {id?: string}, request: {method: GET, path: ["{{ input.id }}"]}}
  link: {input: {link: string}, request: {method: GET, url: "{{ input.link }}", query: {n: 5}}}
  none: {input: {link?: string}, request: {method: GET, url: "{{ input.link }}"}}
"""


async def reached(folder: Path, operation: str, given: dict[str, Any], base: str = "") -> str:
    async with upstream() as system:
        given = {name: value.replace("HERE", system.url) for name, value in given.items()}
        async with engine_of(folder, PATHS, system.url + base) as engine:
            await engine.call(Call("p", f"crm.{operation}", given))
        return system.asked[-1].target


async def test_a_path_is_a_list_whose_nulls_drop(tmp_path: Path) -> None:
    end = "%D0%97%D0%B0%D0%BA%D0%B0%D0%B7%3F%23%20%201/~x/7"
    assert await reached(tmp_path, "list", {}) == f"/orders/2024/{end}"
    assert await reached(tmp_path, "list", {"id": "a b?"}) == f"/orders/2024/a%20b%3F/{end}"
    assert await reached(tmp_path, "empty", {}, "/base") == "/base"
    assert await reached(tmp_path, "empty", {"id": "x"}, "/base") == "/base/x"


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "\\", "\x00"])
async def test_a_segment_of_a_list_stays_one(tmp_path: Path, value: str) -> None:
    with pytest.raises(CallError) as raised:
        await reached(tmp_path, "list", {"id": value})
    assert raised.value.code == "invalid_input"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("HERE/x?page=2", "/x?page=2&n=5"),
        ("/x", "/x?n=5"),
        ("x/1", "/base/x/1?n=5"),
        ("?a=ж", "/base/?a=%D0%B6&n=5"),
    ],
)
async def test_an_address_of_an_answer_is_followed_on_the_same_host(tmp_path: Path, link: str, target: str) -> None:
    assert await reached(tmp_path, "link", {"link": link}, "/base") == target


async def test_no_address_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="`url`: null has no text") as raised:
        await reached(tmp_path, "none", {})
    assert raised.value.code == "mapping_failed"
    assert raised.value.place is not None


async def test_an_address_elsewhere_is_blocked_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(CallError) as raised:
        await reached(tmp_path, "link", {"link": "http://evil.example/x?token=s3cr3t"})
    assert (raised.value.code, "s3cr3t" in str(raised.value)) == ("blocked_host", False)
    assert raised.value.place is not None


FEEDS = """
response:
  format: soap
  lists: [List.Item]
  errors: [{when: body.Fault, code: upstream_rejected, message: body.Fault.faultstring}]
operations:
  soap: {request: {method: GET, path: /, soap: {body: {a: 1}}}, output: {items: root.List.Item}}
  csv: {request: {method: GET, path: /}, response: {format: csv}, output: {rows: body, raw: text}}
  xml: {request: {method: GET, path: /}, response: {format: xml}, output: {a: root}}
  text: {request: {method: GET, path: /}, response: {format: text}, output: {a: body}}
  auto: {request: {method: GET, path: /}, response: {format: auto}, output: {a: body.a}}
"""


async def answered(folder: Path, operation: str, data: str, content_type: str, status: int = 200) -> tuple[Any, Asked]:
    async with upstream() as system:
        system.says(data.encode("cp1251"), status, {"Content-Type": content_type})
        async with engine_of(folder, FEEDS, system.url) as engine:
            data = (await engine.call(Call("p", f"crm.{operation}", {}))).data
        return data, system.asked[-1]


async def test_answers_are_read_in_their_format_and_asked_for_in_it(tmp_path: Path) -> None:
    soap = '<?xml version="1.0" encoding="windows-1251"?><e:Envelope xmlns:e="u"><e:Body>'
    soap += "<R><List><Item>Ёж</Item></List></R></e:Body></e:Envelope>"
    found, sent = await answered(tmp_path, "soap", soap, "text/xml")
    assert (found, sent.headers["accept"]) == ({"items": ["Ёж"]}, "text/xml, application/soap+xml")
    found, sent = await answered(tmp_path, "csv", "a;b\nЁж;2", "application/octet-stream; charset=windows-1251")
    assert (found, sent.headers["accept"]) == (
        {"rows": [{"a": "Ёж", "b": "2"}], "raw": "a;b\nЁж;2"},
        "text/csv, */*;q=0.5",
    )
    found, sent = await answered(tmp_path, "xml", "<a><b>1</b></a>", "text/plain")
    assert (found, sent.headers["accept"]) == ({"a": {"b": "1"}}, "application/xml, text/xml")
    found, sent = await answered(tmp_path, "text", "<a>", "text/html")
    assert (found, sent.headers["accept"]) == ({"a": "<a>"}, "text/plain, */*;q=0.5")
    found, sent = await answered(tmp_path, "auto", json.dumps({"a": 1}), "application/json")
    assert (found, sent.headers["accept"]) == ({"a": 1}, "application/json")


async def test_a_fault_is_a_rule_and_a_broken_answer_is_unreadable_where_none_matches(tmp_path: Path) -> None:
    fault = "<Envelope><Body><Fault><faultstring>no such client</faultstring></Fault></Body></Envelope>"
    for data, status, code, said in (
        (fault, 500, "upstream_rejected", "no such client"),
        ("<html>", 200, "response_unreadable", "the answer is not XML"),
        ("<html/>", 200, "response_unreadable", "no SOAP envelope"),
        ("<html>", 503, "upstream_unavailable", "503"),
    ):
        with pytest.raises(CallError, match=said) as raised:
            await answered(tmp_path, "soap", data, "text/html", status)
        assert raised.value.code == code
