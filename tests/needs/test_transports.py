"""Need 12: SOAP and XML, parts, files, another host, media types of a vendor, cookies."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.needs.stand import Said, stand
from tests.upstream import Asked

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
NAMES = {"s": SOAP11, "c": "urn:bank:core:v3"}
ANSWER = """<?xml version="1.0" encoding="windows-1251"?>
<soap:Envelope xmlns:soap="{soap}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>
<n:GetClientRs xmlns:n="urn:bank:core:v3"><n:Status><n:StatusCode>{code}</n:StatusCode>
<n:StatusDesc>нет доступа</n:StatusDesc></n:Status>
<n:FullName>Пётр &lt;Общий&gt;</n:FullName><n:MiddleName i:nil="true"/>
<n:AcctList><n:Acct closed="no"><n:AcctId>40817</n:AcctId></n:Acct></n:AcctList>
</n:GetClientRs></soap:Body></soap:Envelope>"""
FAULT = '<e:Envelope xmlns:e="{soap}"><e:Body><e:Fault>{told}</e:Fault></e:Body></e:Envelope>'
XML = {"Content-Type": "text/xml"}


def core(asked: Asked) -> Said:
    """Reads what it is asked as a SOAP server does, and answers in windows-1251."""
    assert asked.headers["soapaction"] == '"GetClient"'
    assert asked.headers["content-type"].replace('"', "").lower() == "text/xml; charset=windows-1251"
    tree = ET.fromstring(asked.body)
    assert tree.tag == f"{{{SOAP11}}}Envelope"
    assert re.fullmatch("[0-9a-f]{32}", tree.findtext("s:Header/c:RqHeader/c:RqUID", "", NAMES))
    secext = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
    assert [found.text for found in tree.iter(f"{secext}Password")] == ["word"]
    wanted = tree.findtext("s:Body/c:GetClientRq/c:ClientId", "", NAMES)
    if wanted == "fault":
        told = "<faultcode>e:Server</faultcode><faultstring>таблица закрыта</faultstring>"
        return Said(FAULT.format(soap=SOAP11, told=told).encode("windows-1251"), 500, XML)
    code = "0" if wanted == "Пётр & <Co>" else "17"
    return Said(ANSWER.format(soap=SOAP11, code=code).encode("windows-1251"), 200, XML)


async def test_soap_in_windows_1251_with_a_header_block_and_a_business_status(tmp_path: Path) -> None:
    async with stand(tmp_path, "transports", {"POST /ClientService": core}) as system:
        answer = await system.call("soap", id="Пётр & <Co>")
        assert answer == {"name": "Пётр <Общий>", "accounts": ["40817"], "closed": "no"}
        rejected, fault = await system.error("soap", id="other"), await system.error("soap", id="fault")
    assert (rejected.code, rejected.detail) == ("upstream_rejected", "нет доступа")
    assert (fault.code, fault.detail) == ("upstream_error", "таблица закрыта")


async def test_soap_1_2(tmp_path: Path) -> None:
    pong = f'<e:Envelope xmlns:e="{SOAP12}"><e:Body><PingRs><Answer>pong</Answer></PingRs></e:Body></e:Envelope>'
    fault = FAULT.format(soap=SOAP12, told='<e:Reason><e:Text xml:lang="en">closed</e:Text></e:Reason>')
    kind = {"Content-Type": "application/soap+xml; charset=utf-8"}
    answers = [Said(pong, 200, kind), Said(fault, 500, kind)]
    async with stand(tmp_path, "transports", {"POST /v12": lambda asked: answers.pop(0)}) as system:
        assert await system.call("soap12") == {"answer": "pong"}
        error = await system.error("soap12")
        sent = system.asked[0].headers
    assert (error.code, error.detail) == ("upstream_error", "closed")
    assert sent["content-type"].startswith("application/soap+xml")
    assert 'action="Ping"' in sent["content-type"]
    assert "soapaction" not in sent


async def test_xml_both_ways(tmp_path: Path) -> None:
    def echo(asked: Asked) -> Said:
        tree = ET.fromstring(asked.body)
        assert (tree.tag, tree.get("id")) == ("order", "7")
        return Said(asked.body, 200, {"Content-Type": "application/xml"})

    async with stand(tmp_path, "transports", {"POST /xml": echo}) as system:
        name = "Ёлкин & <Сын> \"'"
        assert await system.call("xml", name=name) == {"echo": name, "lines": ["a", "b"]}


async def test_a_batch_in_parts(tmp_path: Path) -> None:
    def batch(asked: Asked) -> Said:
        assert asked.headers["content-type"] == "multipart/mixed; boundary=part"
        head, _, rest = asked.body.decode().partition("\r\n\r\n")
        assert head == "--part\r\nContent-Type: application/http"
        assert rest == "GET contacts(7) HTTP/1.1\r\n\r\n\r\n--part--\r\n"
        told = '--x\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{"name": "Анна"}\r\n--x--'
        return Said(told, 200, {"Content-Type": "multipart/mixed; boundary=x"})

    async with stand(tmp_path, "transports", {"POST /$batch": batch}) as system:
        assert await system.call("multipart_batch", id="7") == {"name": "Анна"}


async def test_a_file_among_fields(tmp_path: Path) -> None:
    async with stand(tmp_path, "transports", {"POST /files": Said({})}) as system:
        assert await system.call("file", name='a".txt\r\nX: y', text="--part--\r\n") == {"ok": True}
        (asked,) = system.asked
    boundary = asked.headers["content-type"].partition("boundary=")[2].strip('"')
    parts = asked.body.split(f"--{boundary}".encode())
    assert (parts[0], parts[-1].strip(), len(parts)) == (b"", b"--", 4)
    head, _, content = parts[2].partition(b"\r\n\r\n")
    assert b'filename="a%22.txt%0D%0AX: y"' in head
    assert content == b"--part--\r\n\r\n"


@pytest.mark.parametrize(
    ("operation", "path", "answer"),
    [
        ("host", "GET /host", {"host": "crm.internal.example"}),
        (
            "media_type",
            "POST /media",
            {"accept": "application/vnd.mambu.v2+json", "type": "application/vnd.mambu.v2+json"},
        ),
        ("cookie", "GET /cookie", {"sent": "lang=ru; IBSession=start", "session": "s1"}),
    ],
)
async def test_headers_of_the_connector_arrive(tmp_path: Path, operation: str, path: str, answer: Any) -> None:
    def told(asked: Asked) -> Said:
        return Said(asked.headers, cookies={"ibsession": "s1"})

    async with stand(tmp_path, "transports", {path: told}) as system:
        assert await system.call(operation) == answer


async def test_a_media_type_of_a_vendor_is_json(tmp_path: Path) -> None:
    said = Said({"accept": "a", "content-type": "b"}, headers={"Content-Type": "application/vnd.mambu.v2+json"})
    async with stand(tmp_path, "transports", {"POST /media": said}) as system:
        assert await system.call("media_type") == {"accept": "a", "type": "b"}


async def test_rows_of_text(tmp_path: Path) -> None:
    said = Said('id;name\n1;"Пётр ""П"""\n2;Анна\n', headers={"Content-Type": "text/csv"})
    async with stand(tmp_path, "transports", {"GET /csv": said}) as system:
        assert await system.call("csv") == {"names": ['Пётр "П"', "Анна"]}
