"""Names and values of a request: headers, parameters, fields of a form."""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import ValidationInfo

from engine.errors import EvaluationError
from engine.language.bounds import measure
from engine.language.codec.form import encode_form, encode_query
from engine.language.codec.places import header_name, header_value
from engine.language.text import as_text, kind_of
from engine.spec.reading import Model, Reading, about, reading, reads, wrong
from engine.spec.tree import ABSENT, Node, Scope, write_tree
from engine.spec.tree.nodes import Const, WrittenObject

Pairs = list[tuple[str, str]]
Headers = tuple[tuple[str, str], ...]

_TREE_SCHEMA: Final = {"format": "tree"}


def _mapping(value: Any, info: ValidationInfo) -> Node:
    node = write_tree(value, reading(info)) if isinstance(value, dict) else Const(value)
    if isinstance(node, Const) and not isinstance(node.value, dict):
        message = f"expected names and values, found {kind_of(value)}"
        raise wrong("wrong-type", message, f"write `{info.field_name}: {{name: value}}`")
    return node


WrittenTree = Annotated[Any, reads(lambda value, info: write_tree(value, reading(info)), _TREE_SCHEMA)]
WrittenPairs = Annotated[Any, reads(_mapping, {**_TREE_SCHEMA, "type": "object"})]


class UnwritableError(EvaluationError):
    """A value that the parameter or header of this name cannot have."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def given(values: Any) -> Iterable[tuple[str, Any]]:
    """The members of names and values; nothing where a `when` does not hold. Raises EvaluationError."""
    if values is None or values is ABSENT:
        return ()
    if not isinstance(values, dict):
        raise EvaluationError(f"names and values are needed, found {kind_of(values)}")
    return values.items()


def made(node: Node | None, scope: Scope) -> Any:
    """What a tree writes, None where it writes nothing. Raises CallError, and EvaluationError for too large a value."""
    value = node(scope) if node is not None else None
    if value is ABSENT:
        return None
    measure(value)
    return value


def constant(node: Node | None) -> dict[str, Any]:
    """The names and values that are the same in every call, if all of them are."""
    return node.value if isinstance(node, Const) else {}


def header_fields(values: Any, write: Callable[[Any], str] = as_text) -> dict[str, tuple[str, str]]:
    """Headers by their lower-case name; a null drops its key. Raises EvaluationError for what no header can be."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in given(values):
        if name.lower() in found:
            raise UnwritableError(name, "two headers have one name")
        if value is not None:
            found[name.lower()] = _field(name, value, write)
    return found


def link_headers(node: Node | None, written: Any, at: Reading) -> None:
    """Report names and constant values that no header can have."""
    seen: set[str] = set()
    for key, (name, value) in zip(written or (), _known(node), strict=False):
        try:
            if name.lower() in seen:
                raise EvaluationError("two headers have one name")
            _field(name or "X", "" if value is None else value)
        except EvaluationError as error:
            at.report("wrong-value", error.message, "write `Name: value`", written.key_span(key))
        seen |= {name.lower()} - {""}


def _known(node: Node | None) -> Iterable[tuple[str, Any]]:
    """The names and values of headers that are the same in every call, "" and None for those that are not."""
    if isinstance(node, WrittenObject):
        members = node.members
        return [(k if isinstance(k := m.key, str) else "", getattr(m.node, "value", None)) for m in members]
    return constant(node).items()


def _field(name: str, value: Any, write: Callable[[Any], str] = as_text) -> tuple[str, str]:
    try:
        return header_name(name), header_value(write(value))
    except EvaluationError as error:
        raise UnwritableError(name, error.message) from None


class Encoding(Model):
    """How a query and a form are spelled."""

    space: Literal["%20", "plus"] = about("How a space is written: `%20` or `+`.", "plus", default="%20")
    lists: Literal["repeat", "brackets", "comma"] = about(
        "A list: `a=1&a=2`, as PHP has it `a[0]=1&a[1]=2` (then objects may stand too: `a[b]=1`), or `a=1,2`.",
        "brackets",
        default="repeat",
    )

    def query(self, values: Any) -> str:
        """The encoded query. Raises EvaluationError for what no parameter can be."""
        return self._spaced(encode_query(pairs(values, self.lists)))

    def form(self, values: Any) -> bytes:
        """The encoded form. Raises EvaluationError as `query`."""
        return self._spaced(encode_form(pairs(values, self.lists)).decode()).encode()

    def _spaced(self, text: str) -> str:
        return text.replace("%20", "+") if self.space == "plus" else text


def pairs(values: Any, lists: str = "repeat") -> Pairs:
    """Names and texts; a null drops its name. Raises EvaluationError for what no parameter can be."""
    found: Pairs = []
    for name, value in given(values):
        if not isinstance(value, dict | list):
            if value is not None:
                found.append((name, as_text(value)))
            continue
        measure(value)
        if lists == "brackets":
            found += _bracketed(name, value)
            continue
        texts = [_text(name, one) for one in (value if isinstance(value, list) else (value,)) if one is not None]
        if lists == "comma":
            if any("," in text for text in texts):
                raise UnwritableError(name, "an element of the list holds a comma, which separates them here")
            texts = [",".join(texts)] if texts else []
        found += [(name, text) for text in texts]
    return found


def _bracketed(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        known = value.items() if isinstance(value, dict) else enumerate(one for one in value if one is not None)
        for key, inner in known:
            if "[" in str(key) or "]" in str(key):
                raise UnwritableError(name, "a name inside brackets holds a bracket")
            yield from _bracketed(f"{name}[{key}]", inner)
    elif value is not None:
        yield name, _text(name, value)


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        remedy = "write it as text: `| to_json`, or with `encoding: {lists: brackets}`"
        raise UnwritableError(name, f"{kind_of(value)} cannot stand here; {remedy}")
    return as_text(value)
