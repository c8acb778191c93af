"""The draft of Odoo against a stand-in: one address, errors at 200, `false` for nothing."""

from pathlib import Path
from typing import Any

from tests.drafts.played import given, played
from tests.drafts.test_hosted import EVENT, MAIL, PHONE
from tests.needs.stand import Said
from tests.upstream import Asked

PARTNER = {
    "id": 412,
    "name": "Анна Смирнова",
    "phone": PHONE,
    "mobile": False,
    "email": MAIL,
    "vat": False,
    "parent_id": [5, "Ромашка"],
    "user_id": [1, "Manager 1"],
    "is_company": False,
}
SETTINGS = {"url": "{url}", "database": "crm", "login": "chat", "password": "word"}
DENIED = {"code": 200, "data": {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied"}}


class Odoo:
    """`strict`: whoever logged in once more has a new number."""

    def __init__(self, password: str = "word") -> None:
        self.password, self.posted = password, list[Any]()

    def rpc(self, asked: Asked) -> Said:
        call = asked.json["params"]
        if call["service"] == "common":
            return Said({"result": 2 if call["args"] == ["crm", "chat", self.password] else False})
        database, uid, password, model, method, arguments, *options = call["args"]
        if (database, uid, password) != ("crm", 2, self.password):
            return Said({"error": DENIED})
        return Said(self._answer(model, method, arguments, options))

    def _answer(self, model: str, method: str, arguments: list[Any], options: list[Any]) -> dict[str, Any]:
        if (model, method) == ("res.partner", "message_post"):
            self.posted.append((arguments, options))
            return {"result": 31}
        if model == "x":
            return {"error": {"data": {"name": "builtins.KeyError", "message": "no model x"}}}
        if method == "read":
            known = {("res.users", 2): {"id": 2, "login": "chat"}, ("res.partner", 412): PARTNER}
            if (row := known.get((model, arguments[0][0]))) is None:
                return {"error": {"data": {"name": "odoo.exceptions.MissingError", "message": "no record"}}}
            return {"result": [row]}
        return {"result": self._found(model, arguments[0], options[0])}

    def _found(self, model: str, domain: list[Any], options: dict[str, Any]) -> list[Any]:
        if model == "res.users":
            return [{"id": 1, "name": "Manager 1", "login": "m1", "email": "m1@example.org"}]
        if domain == [["user_id", "!=", False]]:
            rows = [{"id": n, "user_id": [1, "Manager 1"]} for n in range(1, 1003)]
            return rows[options["offset"] : options["offset"] + options["limit"]]
        assert domain[0] == "|"
        return [PARTNER] if domain[1][2] in (PHONE, MAIL) else []


async def test_odoo(tmp_path: Path) -> None:
    odoo = Odoo()
    async with played(tmp_path, "odoo", {"POST /jsonrpc": odoo.rpc}, **SETTINGS) as crm:
        assert await crm.call("me") == {"login": "chat"}
        for kind, value in (("phone", "8 900 123-45-67"), ("email", MAIL)):
            (found,) = (await crm.call("find_client", type=kind, value=value))["clients"]
            assert (found["key"], found["phones"], found["emails"]) == ("412", [PHONE], [MAIL])
        assert await crm.call("find_client", type="phone", value="+79990000000") == {"clients": []}
        card = given(await crm.call("card", client_key="412"))
        assert (card["key"], card["type"], card["name"]["full"]) == ("412", "person", "Анна Смирнова")
        assert (card["companies"], card["manager"]["name"]) == ([{"key": "5", "name": "Ромашка"}], "Manager 1")
        assert "inn" not in card
        assert (await crm.error("card", client_key="404")).code == "not_found"
        error = await crm.error("read", model="x", method="read", args=[[-1]])
        assert (error.code, error.detail) == ("upstream_rejected", "no model x")
        assert given(await crm.call("deliver", **EVENT)) == {"external_id": "31"}
    assert odoo.posted == [([[412]], [{"body": "Добрый день"}])]


async def test_odoo_managers(tmp_path: Path) -> None:
    async with played(tmp_path, "odoo", {"POST /jsonrpc": Odoo().rpc}, **SETTINGS) as crm:
        people = given(await crm.call("managers"))
    assert [one["login"] for one in people["managers"]] == ["m1"]
    assert [binding["client_key"] for binding in people["bindings"]] == [str(n) for n in range(1, 1003)]


async def test_a_failed_login_is_false_at_200(tmp_path: Path) -> None:
    async with played(tmp_path, "odoo", {"POST /jsonrpc": Odoo("other").rpc}, **SETTINGS) as crm:
        assert (await crm.error("me")).code == "upstream_auth"
        assert len(crm.asked) == 1
