"""docs/language.md, written from the code: `python -m tests.docs.language` (make reference).

The prose stands in language.txt; a line that begins with `@` there stands for what is made of the code.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from engine.document import read_file
from engine.language.bounds import MAX_CHARACTERS, MAX_DEPTH, MAX_VALUES
from engine.language.functions import FUNCTIONS
from engine.language.functions.function import MAX_TEXT
from engine.language.jinja.values import TESTS
from engine.language.jmes import operators, parser
from engine.language.template import MAX_RESULT
from engine.runtime import steps
from engine.spec.action import SEVERAL
from engine.spec.body import MAX_BODY
from engine.spec.names import RESERVED
from engine.spec.tree import constructs
from engine.spec.tree.build import CONSTRUCTS
from engine.transport.wire import WireConfig
from tests.conformance.registry import reached
from tests.docs import shown
from tests.docs.reference import code, keys_of, row, value
from tests.spec.whole import CASES

PROSE: Final = Path(__file__).with_suffix(".txt")
MODELS: Final = {model.__name__: model for model in reached()}
TITLES: Final[dict[str, str]] = {
    "Connector": "the file",
    "Declaration": "a declaration",
    "NoAuth": "type `none`",
    "ApiKey": "type `api_key`",
    "Basic": "type `basic`",
    "Bearer": "type `bearer`",
    "OAuth1": "type `oauth1`",
    "OAuth2": "type `oauth2`",
    "Hmac": "type `hmac`",
    "HttpSignature": "type `http_signature`",
    "Login": "type `login`",
    "Seed": "`seed`",
    "Assertion": "`assertion`",
    "Place": "`place`",
    "ErrorRule": "a rule under `errors`",
    "Reject": "a rule under `reject`",
    "Operation": "an operation",
    "Step": "a step",
    "ForEach": "`for_each`",
    "ChallengeRule": "`challenge`",
    "FormField": "a field",
    "Address": "type `ip`",
    "Signed": "type `hmac` of an endpoint",
    "Endpoint": "an endpoint",
    "Reply": "a case of `reply`",
    "Route": "a capability of a project",
    "KeyOf": "a way under `keys_of`",
    "Channel": "a channel",
    "IdentifyingField": "a field of a form",
    "Flow": "a flow",
    "FlowStep": "a step of a flow",
    "FlowAttempt": "an item of its `first_of`",
    "Mounting": "`inbound` of a project",
    "Instead": "`on_error: {default: …}`",
    "GraphQL": "`graphql`",
    "Numbered": "types `page` and `offset`",
    "Cursor": "type `cursor`",
    "NextUrl": "type `next_url`",
    "LinkHeader": "type `link_header`",
}
"""What the tables of keys are called; others are called like their key."""


def page() -> str:
    """The whole page."""
    return re.sub("\n{3,}", "\n\n", "\n".join(_lines())).rstrip() + "\n"


def sections() -> list[list[str]]:
    """The patterns of each run of `@shown` lines, in the order of the page."""
    found: list[list[str]] = [[]]
    for line in PROSE.read_text(encoding="utf-8").splitlines():
        if line.startswith("@shown "):
            found[-1] += line.split()[1:]
        elif found[-1]:
            found.append([])
    return found if found[-1] else found[:-1]


def _lines() -> Iterator[str]:
    pending, inside, seen = iter(sections()), False, list[shown.Example]()
    for line in PROSE.read_text(encoding="utf-8").splitlines():
        word, *arguments = line.split() or [""]
        if word == "@shown":
            if not inside:
                found = shown.chosen(shown.entries(next(pending)), shown.KNOWN)
                yield from shown.written([example for example in found if example not in seen])
                seen += found
            inside = True
            continue
        inside = False
        yield from MAKERS[word](arguments) if word in MAKERS else [line]


def _keys(names: list[str]) -> Iterator[str]:
    for name in names:
        yield f"**{TITLES.get(name, f'`{name.lower()}`').capitalize()}.** {next(lines := keys_of(MODELS[name]))}"
        yield from lines


def _functions(_: list[str]) -> Iterator[str]:
    yield "| function | what it does | example | yields |"
    yield "|---|---|---|---|"
    for function in sorted(FUNCTIONS.values(), key=attrgetter("name")):
        text, scope, result = function.example
        where = ", ".join(f"`{key}` = {value(given)}" for key, given in scope.items())
        only = " Templates only." if function.template_only else ""
        yield row(
            code(function.signature),
            function.summary + only,
            f"{code(text)}, {where}" if where else code(text),
            value(result),
        )


def _tests(_: list[str]) -> Iterator[str]:
    tests = ", ".join(f"`{name}`" for name in sorted((*TESTS, "defined", "undefined")))
    yield f"Tests, written `value is name` or `value is not name`: {tests}.\n"


def _constructs(_: list[str]) -> Iterator[str]:
    yield "| construct | what it is | must have | may have |"
    yield "|---|---|---|---|"
    for name, (may, must) in CONSTRUCTS.items():
        listed = [", ".join(f"`{key}`" for key in sorted(some)) for some in (must, may)]
        yield row(f"`{name}`", SAID[name], *listed)
    yield ""


SAID: Final = {
    "each": "A list: `as` for every element, which is `item`. `each: {a: rows, b: a.lines}` is a loop inside a loop, "
    "with names and a flat result. `where` keeps elements; it also sees `row`, the mapped element. `let` names values. "
    "`single: true` takes an object for a list of one.",
    "let": "Names values, in order, for the tree under `as`.",
    "when": "Present only if it holds; else it vanishes from its object or list.",
    "expr": "An expression in a place of templates, or one whose value is looked up in `map` (compared as text) and "
    "replaced by `default` where it is null or not there. Without `default` a value outside `map` is an error.",
    "const": "What stands there, as it stands there.",
    "merge": "Objects: the later member wins. Lists: joined, or united where the members named by `by` are equal.",
}


def _table_of_names(_: list[str]) -> Iterator[str]:
    """From the table that tests/spec/test_names.py proves."""
    table: Any = read_file(CASES / "names.yaml").root
    seen: dict[tuple[str, ...], list[str]] = {}
    for place in table["places"]:
        seen.setdefault(tuple(place["sees"]), []).append(str(place["name"]))
    yield "| names | where |"
    yield "|---|---|"
    for seeing, places in seen.items():
        yield row(", ".join(f"`{name}`" for name in seeing), ", ".join(places))
    reserved = ", ".join(f"`{name}`" for name in sorted(RESERVED))
    yield f"\nNo step and no `let` may bear a name of the language: {reserved}.\n"


def _bounds(_: list[str]) -> Iterator[str]:
    yield f"Every value has at most {MAX_VALUES:,} values in it, {MAX_DEPTH} levels and {MAX_CHARACTERS:,} characters."
    yield "Numbers are finite, whole numbers that an expression makes have at most 64 bits. What exceeds it is an error"
    yield "with its place.\n"
    yield "| what | at most |"
    yield "|---|---|"
    for what, most in _LIMITS:
        yield row(what, most)
    yield ""


_MAX_BODY: Final = next(one.default for one in fields(WireConfig) if one.name == "max_body")
_LIMITS: Final = (
    ("an answer, unpacked", f"{_MAX_BODY:,} bytes"),
    ("a body that is sent", f"{MAX_BODY:,} bytes"),
    ("an expression", f"{parser.MAX_TEXT:,} characters, {parser.MAX_NODES} parts, {parser.MAX_DEPTH} levels"),
    ("what an expression walks", f"{operators.MAX_STEPS:,} steps where it may multiply what it is given"),
    ("elements that loops of a tree go through", f"{constructs.MAX_STEPS:,}"),
    ("an output that puts answers of several requests together", f"{SEVERAL} times the values and characters"),
    ("text that a function builds", f"{MAX_TEXT:,} characters; `join` and `to_string` {MAX_CHARACTERS:,}"),
    ("text that a template builds", f"{MAX_RESULT:,} characters, each part {MAX_TEXT:,}"),
    ("elements of `for_each`", f"{steps.MOST:,}"),
)


def _traps(_: list[str]) -> Iterator[str]:
    yield "| written | told | write |"
    yield "|---|---|---|"
    for wrong, told, right, why in TRAPS:
        yield row(code(wrong), f"`{told}`: {why}", code(right))
    yield "\nWhat nobody tells:\n"
    for sentence in UNTOLD:
        yield f"- {sentence}"
    yield ""


TRAPS: Final = (
    ("ok: !body.error", "yaml-tag", 'ok: "!(body.error)"', "`!` begins a tag in YAML"),
    ('ok: "!body.error"', "not-precedence", 'ok: "!(body.error)"', "`!` negates the first name alone"),
    ("{id: body.rows[0].id}", "yaml-syntax", '{id: "body.rows[0].id"}', "`[` stands inside `{ }`"),
    ("rows: @", "yaml-syntax", "rows: body", "`@` cannot begin a value"),
    ("n: `1`", "yaml-syntax", "n: 1", "a backtick cannot begin a value"),
    ("kind: 'account'", "unknown-name", "kind: {const: account}", "the quotes are YAML's, the rest names something"),
    ("ok: body.n == 1", "expression-syntax", "ok: body.n == `1`", "numbers stand in backticks"),
    ('ok: body.s == "open"', "expression-syntax", "ok: body.s == 'open'", "double quotes name a field"),
    ("ok: body.ok == true", "expression-syntax", "ok: body.ok == `true`", "`true` names a field"),
    ('id: "body[?id == input.id] | [0]"', "unknown-name", 'id: "body[?id == $input.id] | [0]"', "there it is a field"),
    ("code: +79161234567", "ambiguous-number", 'code: {const: "+79161234567"}', "readers of YAML differ"),
)
"""(what is written, the code it is told by, what to write, why)"""

UNTOLD: Final = (
    "``a && `false` || b`` is `b` whatever `a` is: what stands between is false. Write `{expr: …, map: …}`.",
    'JMESPath\'s `to_string(x)` of null is the text "null"; `text(x)` is null.',
    "Projections leave nulls out, so `a[].x` and `a[].y` may differ in length. Map each element: `each`, `map(&…, a)`.",
    "A template takes 0 for false, an expression for true.",
)

MAKERS: Final[dict[str, Callable[[list[str]], Iterator[str]]]] = {
    "@keys": _keys,
    "@functions": _functions,
    "@tests": _tests,
    "@constructs": _constructs,
    "@names": _table_of_names,
    "@bounds": _bounds,
    "@traps": _traps,
}

if __name__ == "__main__":
    sys.stdout.write(page())
