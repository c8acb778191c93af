"""The draft of 1C against a stand-in: Cyrillic paths and names, `guid'…'`, no links to further pages."""

from pathlib import Path
from typing import Any

from tests.drafts.played import given, played
from tests.drafts.test_hosted import MAIL, PHONE
from tests.needs.stand import Said, query_of
from tests.upstream import Asked

GUID, NOBODY = "7e0c4d3a-1111-4222-8333-aaaaaaaaaaaa", "00000000-0000-0000-0000-000000000000"
BASE = "/crm/odata/standard.odata"
SETTINGS = {"base": "{url}/crm", "user": "чат", "password": "слово"}
ROW = {
    "Ref_Key": GUID,
    "Description": "Ромашка",
    "ИНН": "7707083893",
    "КонтактнаяИнформация": [
        {"Тип": "Телефон", "НомерТелефона": "79001234567"},
        {"Тип": "АдресЭлектроннойПочты", "АдресЭП": MAIL},
    ],
}
FILTERS = {
    "ИНН eq '7707083893' and DeletionMark eq false",
    "КонтактнаяИнформация/any(d: d/НомерТелефона eq '79001234567') and DeletionMark eq false",
    f"КонтактнаяИнформация/any(d: d/АдресЭП eq '{MAIL}') and DeletionMark eq false",
}


def clients(asked: Asked) -> Said:
    query = query_of(asked)
    assert query["$format"] == "json"
    if "$inlinecount" in query:
        rows = [{"Ref_Key": f"c{n}", "ОсновнойМенеджер_Key": NOBODY if n == 3 else "m1"} for n in range(502)]
        skip, top = int(query["$skip"]), int(query["$top"])
        return Said({"odata.count": "502", "value": rows[skip : skip + top]})
    return Said({"value": [ROW] if query.get("$filter") in FILTERS else []})


def users(asked: Asked) -> Said:
    skip = int(query_of(asked)["$skip"])
    rows = [{"Ref_Key": f"m{n}", "Description": f"Manager {n}"} for n in range(501)]
    return Said({"value": rows[skip : skip + int(query_of(asked)["$top"])]})


CARD = {
    "Ref_Key": GUID,
    "Description": "Ромашка",
    "НаименованиеПолное": "ООО «Ромашка»",
    "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо",
    "ИНН": "7707083893",
    "КПП": "770701001",
    "ОсновнойМенеджер_Key": "m1",
}
ROUTES: dict[str, Any] = {
    f"GET {BASE}/Catalog_Контрагенты": clients,
    f"GET {BASE}/Catalog_Пользователи": users,
    f"GET {BASE}/Catalog_Контрагенты(guid'{GUID}')": Said(CARD),
}


async def test_onec_odata(tmp_path: Path) -> None:
    async with played(tmp_path, "onec_odata", ROUTES, **SETTINGS) as crm:
        assert await crm.call("ping") == {"ok": True}
        for kind, value in (("inn", "7707083893"), ("phone", PHONE), ("email", MAIL)):
            (found,) = (await crm.call("find_client", type=kind, value=value))["clients"]
            assert (found["key"], found["name"], found["phones"], found["emails"]) == (GUID, "Ромашка", [PHONE], [MAIL])
        assert await crm.call("find_client", type="email", value="o'hara@example.org") == {"clients": []}
        card = given(await crm.call("card", client_key=GUID))
        company = {"key": GUID, "name": "Ромашка", "inn": "7707083893", "kpp": "770701001"}
        assert (card["type"], card["companies"], card["manager"]) == ("company", [company], {"key": "m1"})
        error = await crm.error("card", client_key="x') or true")
        assert error.code in ("invalid_input", "mapping_failed")
        people = given(await crm.call("managers"))
        assert [one["key"] for one in people["managers"]] == [f"m{n}" for n in range(501)]
        assert [one["client_key"] for one in people["bindings"]] == [f"c{n}" for n in range(502) if n != 3]


async def test_onec_says_no(tmp_path: Path) -> None:
    for status, code in ((500, "upstream_error"), (400, "upstream_rejected"), (403, "upstream_rejected")):
        said = Said({"odata.error": {"code": "-1", "message": {"lang": "ru", "value": "нет прав"}}}, status)
        folder = tmp_path / str(status)
        folder.mkdir()
        async with played(folder, "onec_odata", {f"GET {BASE}/Catalog_Контрагенты": said}, **SETTINGS) as crm:
            error = await crm.error("ping")
        assert (error.code, error.detail) == (code, "нет прав")
