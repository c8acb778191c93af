"""Paths: literal text, and values of which each is one percent-encoded segment or a part of one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import ValidationInfo

from engine.errors import CallError, EvaluationError
from engine.language.codec.places import literal_path, path_value, segment
from engine.language.template import Template, compile_template
from engine.language.text import kind_of
from engine.language.watch import WATCH
from engine.spec.reading import Reading, place_of, reading, reads, wrong
from engine.spec.tree.nodes import Scope

Part = str | Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of a path; `parts` are encoded text, or what yields one value."""

    template: Template
    parts: tuple[Part, ...]

    def render(self, scope: Scope, droppable: bool = False) -> str | None:
        """The encoded text, None for a null that may drop.

        Raises CallError with the place: what the caller gave is `invalid_input`.
        """
        if self.template.constant:
            return "".join(part for part in self.parts if isinstance(part, str))
        try:
            if droppable and self.template.lone and self.template(scope) is None:
                return None
            if WATCH in scope:
                self.template(scope)
            path = "".join([part if isinstance(part, str) else _encoded(part(scope)) for part in self.parts])
            if any(dots in path.split("/") for dots in (".", "..")):
                raise EvaluationError("a segment of the path would be `.` or `..`", 0, len(self.template.text))
        except EvaluationError as error:
            from_input = all(r.path[0] == "input" for r in self.template.references)
            place = place_of(self.template.text, error.offset, error.length)
            code = "invalid_input" if from_input else "mapping_failed"
            raise CallError(code, f"path `{self.template.text}`: {error.message}", place=place) from None
        return path


@dataclass(frozen=True, slots=True)
class Path:
    """A path of a request: one text, or a list of segments."""

    pieces: tuple[Piece, ...]
    listed: bool = False
    fixed: str | None = field(init=False)

    def __post_init__(self) -> None:
        constant = all(piece.template.constant for piece in self.pieces)
        object.__setattr__(self, "fixed", self._joined({}) if constant else None)

    def render(self, scope: Scope) -> str:
        """The encoded path. Raises CallError with the place, as `Piece.render`."""
        return self.fixed if self.fixed is not None else self._joined(scope)

    def _joined(self, scope: Scope) -> str:
        if self.listed:
            found = [piece.render(scope, droppable=True) for piece in self.pieces]
            path = "/".join(text for text in found if text is not None)
        else:
            path = self.pieces[0].render(scope) or ""
        return path if path.startswith("/") or not path else f"/{path}"


def _encoded(value: Any) -> str:
    if value is None:
        raise EvaluationError("null in a path; make it required, or add `| default('')`")
    return path_value(value) if isinstance(value, PathText) else segment(value)


class PathText(str):
    """A setting of type `path`: it may hold slashes."""

    __slots__ = ()


def _path(value: Any, info: ValidationInfo) -> Path | None:
    if isinstance(value, list):
        return _listed(value, reading(info))
    if not isinstance(value, str):
        raise wrong("wrong-type", f"expected a path, found {kind_of(value)}", "quote the path")
    template = reading(info).compiled(compile_template, value)
    if template is None:
        return None
    if value and not value.startswith("/") and (template.constant or not value.startswith("{{")):
        remedy = "write the path only: the host stands in `base_url`" if "://" in value else f"write `/{value}`"
        raise wrong("wrong-url", "a path begins with `/`", remedy)
    return Path((_piece(template),))


def _listed(items: list[Any], at: Reading) -> Path:
    """Constants and templates; a null among them is none, and slashes around a constant are those of the list."""
    pieces: list[Piece] = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | None):
            raise wrong("wrong-type", f"a segment of a path is text, found {kind_of(item)}", "write `[orders, lines]`")
        text = item if isinstance(item, str) else "" if item is None else str(item)
        template = at.compiled(compile_template, text if "{{" in text else text.strip("/"))
        if template is not None and template.text:
            pieces.append(_piece(template))
    return Path(tuple(pieces), listed=True)


def _piece(template: Template) -> Piece:
    return Piece(template, tuple(literal_path(p) if isinstance(p, str) else p for p in template.parts))


_SAID: Final = "Text that begins with `/`, or a list of segments of which a null one drops; each `{{ value }}` is one."
_ITEM: Final = {"type": ["string", "integer", "null"], "description": "One segment."}
_SCHEMA: Final = {"anyOf": [{"type": "string"}, {"type": "array", "items": _ITEM}], "description": _SAID}
PathField = Annotated[Path, reads(_path, _SCHEMA)]
