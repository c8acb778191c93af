"""What is wrong in a file, where, and what to write instead; every code there is."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file; line and column count from 1, `length` is in characters on that line."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


Severity = Literal["error", "warning", "hint"]
"""An error is refused, a warning is a trap, a hint is advice: it fails nothing."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `message` says what was found, `remedy` what to write; neither ever holds a secret's value.

    `source` is the line of the file at `span`, for the caret; `also` a second place (the first of two equal keys).
    """

    code: str
    message: str
    remedy: str
    span: Span
    source: str = ""
    also: Span | None = None
    severity: Severity = "error"

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"diagnostic code {self.code!r} is not registered in engine.errors.CODES")


def nearest(name: str, known: Iterable[str], otherwise: str = "see the language reference") -> str:
    """What to write instead of an unknown name: the nearest known one, or all of them when they are few."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.55)
    if close:
        return f"did you mean `{close[0]}`?"
    return "write one of " + ", ".join(f"`{one}`" for one in names) if 0 < len(names) <= 16 else otherwise


CODES: Final[dict[str, str]] = {
    # document
    "yaml-file": "The file cannot be read.",
    "yaml-syntax": "The text is not YAML.",
    "yaml-too-large": "The file is larger than 1 MiB.",
    "yaml-too-deep": "The nesting is deeper than 64 levels.",
    "yaml-too-many-values": "The file holds (or its aliases expand to) more than 100,000 values.",
    "yaml-encoding": "The file is not UTF-8 text.",
    "yaml-alias": "An alias refers to itself or to nothing, or there are more than 100 of them.",
    "yaml-merge": "A merge key `<<` stands on something that cannot be merged.",
    "yaml-tag": "A tag (`!x`, `!!python/…`) stands where the language has none.",
    "yaml-document": "The file is empty or holds more than one document.",
    "duplicate-key": "The same key stands twice in one mapping.",
    "key-not-text": "A key is a list, a mapping, an alias or nothing.",
    "ambiguous-boolean": "`yes`, `no`, `on`, `off` mean text to some readers and a boolean to others.",
    "ambiguous-number": "A number that readers take differently (`0123`, `+7916…`, `1_000`, `12:30`, `0x1F`).",
    # language
    "template-syntax": "A template cannot be parsed.",
    "template-statement": "`{% %}` or `{# #}` stands in a template.",
    "template-forbidden": "A template uses something that templates do not have (calls, `*`, `%`, loops …).",
    "template-too-large": "A template is longer or deeper than allowed.",
    "unknown-filter": "A template uses a filter that does not exist.",
    "unknown-test": "A template uses a test that does not exist.",
    "literal-quotes": "Quotes stand around a filter that writes its own.",
    "literal-missing": "A bare value stands in text that also holds quoted literals.",
    "expression-syntax": "An expression cannot be parsed.",
    "expression-too-large": "An expression is longer or deeper than allowed.",
    "expression-template": "A template stands where an expression is read.",
    "implicit-root": "An expression starts at an implicit root (`@`, `[0]`).",
    "not-precedence": "`!a.b` negates `a` alone.",
    "unknown-function": "An expression uses a function that does not exist.",
    "wrong-arguments": "A function or filter gets too many, too few or unfit arguments.",
    "unknown-name": "An expression starts at a name that does not exist in this place.",
    "unknown-member": "A name has no such member.",
    "reserved-name": "A name of the language is given to something else.",
    # connector
    "unknown-key": "A key that does not exist here.",
    "missing-key": "A required key is missing.",
    "wrong-type": "A value of the wrong type.",
    "wrong-value": "A value that is none of the allowed ones.",
    "wrong-duration": "A duration that cannot be read.",
    "wrong-rate": "A rate of requests that cannot be read.",
    "wrong-pattern": "A regular expression that cannot be compiled.",
    "wrong-url": "An address that cannot be used.",
    "one-of": "None or several of the keys stand where exactly one must.",
    "not-yet": "Comes with a later version of the engine.",
    "engine-version": "The connector asks for another version of the language.",
    "unknown-capability": "There is no such capability.",
    "unknown-contract-member": "The contract has no such member.",
    "missing-contract-member": "A required member of the contract is never mapped.",
    "unknown-accepts": "`accepts` names something a client cannot be searched by.",
    "missing-output": "An operation with a capability has no output.",
    "unknown-construct": "A construct of a tree has a key that it does not take, or lacks one it needs.",
    "constant-expected": "An expression or template stands where only constants may.",
    "code-not-raisable": "An error rule names a code that a connector may not raise.",
    "unknown-operation": "An operation is named that the file does not have.",
    "call-cycle": "Operations call each other in a circle.",
    "ambiguous-output": "One member of the answer comes from two steps.",
    "unknown-credential": "A credential is named that the connection does not have.",
    "secret-misplaced": "A secret stands where it could leave the engine.",
    "insecure-url": "An http:// address without `insecure: true`.",
    "default-misfit": "A default or example does not fit its own declaration.",
    # project
    "unknown-connector": "There is no connector of that name.",
    "unknown-connection": "There is no connection of that name in the project.",
    "unknown-setting": "The connector has no such setting.",
    "missing-setting": "A required setting is missing.",
    "setting-misfit": "A setting's value does not fit its declaration.",
    "missing-variable": "An environment variable is not set.",
    "missing-file": "A file with a secret cannot be read.",
    "capability-not-offered": "The connection's connector does not offer that capability.",
    "client-key-mismatch": "Connections with different client keys answer together without `keys_of`.",
    "wrong-key-hash": "The hash of an API key is not one that `tolmach key new` printed.",
    "path-clash": "Two endpoints answer at one path, or one takes a path of the service.",
    "unknown-allow": "A key allows something that the project does not have.",
    "wrong-zone": "A time zone, region or language that does not exist.",
    "wrong-network": "A network that cannot be read or may never be allowed.",
    # rules of `tolmach check`, for files that can be read
    "base-url-unbounded": "A setting without a pattern stands in the host of `base_url`.",
    "contains-of-null": "A function of JMESPath's own gets a value that may be null, and fails.",
    "docs-missing": "Nothing says where the vendor documents the interface, or there is no README.md.",
    "error-hidden": "A rule takes an answer that failed for an empty one or a success.",
    "error-untested": "No case of the tests expects the code of an error rule.",
    "falsy-branch": "The branch after `&&` never holds, so what follows `||` is always taken.",
    "host-undeclared": "A request goes to a host that the connection does not have.",
    "hosts-too-wide": "A pattern of `hosts` lets in every host of a public domain.",
    "no-error-rule": "Nothing says what the system's errors mean.",
    "null-to-text": '`to_string` makes the text "null" of a null.',
    "operation-untested": "An operation without a case in tests.yaml.",
    "page-unasked": "The position of a page is never sent, so that every page is the first.",
    "paging-without-stop": "Only an empty page ends the paging.",
    "parallel-columns": "Columns of one list are read side by side, and shift where a value is missing.",
    "personal-unmarked": "A phone or an e-mail is not marked as personal.",
    "query-unescaped": "A bare value stands in the text of a query language.",
    "reads-unmarked": "A POST that only reads does not say so.",
    "repeat-without-key": "A POST is sent again without anything by which the system knows it.",
    "rule-unreachable": "An error rule stands below one that always matches.",
    "setting-unused": "A setting is declared and used nowhere.",
    "status-as-text": "The status, a number, is compared with text.",
    "step-unused": "A step only reads, and nobody uses what it read.",
    "unverified-unexplained": "A line is marked unverified, and nothing says what is not known.",
    "value-unescaped": "A bare value stands in text that has a syntax of its own.",
    "zero-holds": "A number stands as a condition, and 0 holds.",
    "zero-is-false": "A number stands as a condition of a template, where 0 does not hold.",
    # what the answers of the cases say
    "path-missing": "A path never occurs in the answers of the cases.",
    "path-unseen": "A path that may be missing never occurs in the answers of the cases.",
    "member-empty": "A member of the contract is mapped, and no case gives it a value.",
    "value-misfit": "A value of the cases is not what the contract has there.",
    "filter-unmatched": "A filter or a `where` keeps nothing of what the cases have.",
    "map-unmatched": "A row of `map` is never hit, while values come that have none.",
    "openapi-misfit": "A request or a path is not what the OpenAPI description has.",
    "openapi-unreadable": "The OpenAPI description that the connector names cannot be read.",
    # comments that silence rules
    "ignore-unused": "A comment `tolmach: ignore[…]` silences nothing.",
    "ignore-without-reason": "A comment `tolmach: ignore[…]` does not say why.",
    "ignore-refused": "A comment `tolmach: ignore[…]` names what cannot be silenced.",
}
