"""A link of an answer leads to the host that was asked, or nowhere."""

import pytest

from engine.errors import CallError
from engine.spec.address import authority, followed

BASE = "https://crm.example/api/v4/"
USED = "https://crm.example:443/api/v4/contacts?page=1&q=a%20b"


@pytest.mark.parametrize(
    ("link", "used", "expected"),
    [
        ("contacts/7", BASE, "https://crm.example/api/v4/contacts/7"),
        ("/next/2", BASE, "https://crm.example/next/2"),
        ("?page=2", USED, "https://crm.example:443/api/v4/contacts?page=2"),
        ("../v5/x", BASE, "https://crm.example/api/v5/x"),
        ("../../../../x", BASE, "https://crm.example/x"),
        ("https://crm.example/x?a=1#part", BASE, "https://crm.example/x?a=1"),
        ("https://CRM.Example:443/x", BASE, "https://CRM.Example:443/x"),
        ("HTTPS://crm.example/x", USED, "https://crm.example/x"),
        ("//crm.example/x", BASE, "https://crm.example/x"),
        ("http://crm.example:80/x", "http://crm.example/", "http://crm.example:80/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/a", "http://[::1]:8080/x"),
        ("c?q=Иван П&r=%D0%B0%", BASE, "https://crm.example/api/v4/c?q=%D0%98%D0%B2%D0%B0%D0%BD%20%D0%9F&r=%D0%B0%25"),
        ("https:///x", BASE, "https://crm.example/x"),
        ("x?$filter=a eq 'b'&$skip={1}", BASE, "https://crm.example/api/v4/x?$filter=a%20eq%20'b'&$skip=%7B1%7D"),
        ("", USED, USED),
    ],
)
def test_a_link_is_resolved_against_the_address_just_used(link: str, used: str, expected: str) -> None:
    found = followed(link, used)
    assert found.replace("HTTPS:", "https:") == expected
    assert found.isascii()


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/secret?token=1",
        "//evil.example/secret",
        "http://crm.example/secret",
        "https://crm.example:8443/secret",
        "https://crm.example.evil.example/secret",
        "https://evil.example#@crm.example/secret",
        "https://crm.example:443@evil.example/secret",
        "https://user@crm.example/secret",
        "https://user:pass@crm.example/secret",
        "https://@crm.example/secret",
        "https://crm.example:99999/secret",
        "https://crm.example:x/secret",
        "https://[::1/secret",
        "https://crm.example./secret",
        "javascript:secret",
        "file:///etc/secret",
        "ftp://crm.example/secret",
        "\\\\evil.example\\secret",
        "https:\\\\evil.example/secret",
        "/secret\r\nX: 1",
        "ht\ttps://evil.example/secret",
        "/secret\x00",
        "/secret\x85",
        "/secret\ud800",
        "https://сrm.example/secret",
    ],
)
def test_a_link_elsewhere_is_blocked_and_tells_no_path(link: str) -> None:
    with pytest.raises(CallError) as raised:
        followed(link, BASE)
    assert raised.value.code == "blocked_host"
    assert "secret" not in str(raised.value)
    assert "pass" not in str(raised.value)


def test_the_host_is_named() -> None:
    with pytest.raises(CallError, match=r"leads elsewhere: evil\.example:81$"):
        followed("https://evil.example:81/x", BASE)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Crm.Example:8443/x", "crm.example:8443"),
        ("https://банк.рф/", "xn--80ab2al.xn--p1ai"),
        ("https://[::1]:1", "[::1]:1"),
        ("https://h:0/", None),
        ("https:///x", None),
        ("x", None),
    ],
)
def test_the_authority_is_what_the_wire_takes(url: str, expected: str | None) -> None:
    assert authority(url) == expected
