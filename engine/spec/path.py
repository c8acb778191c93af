"""Paths: literal text, and values of which each is one percent-encoded segment or a part of one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import ValidationInfo

from engine.errors import CallError, EvaluationError
from engine.language.codec import literal_path, path_value, segment
from engine.language.template import Template, compile_template
from engine.language.text import kind_of
from engine.spec.reading import LATER, place_of, reading, reads, wrong
from engine.spec.tree.nodes import Scope

Part = str | Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Path:
    """A path of a request; `parts` are encoded text, or what yields one value."""

    template: Template
    parts: tuple[Part, ...]

    def render(self, scope: Scope) -> str:
        """The encoded path. Raises CallError with the place: what the caller gave is `invalid_input`."""
        if self.template.constant:
            return "".join(part for part in self.parts if isinstance(part, str))
        try:
            path = "".join(part if isinstance(part, str) else _encoded(part(scope)) for part in self.parts)
            if any(dots in path.split("/") for dots in (".", "..")):
                raise EvaluationError("a segment of the path would be `.` or `..`", 0, len(self.template.text))
        except EvaluationError as error:
            from_input = all(r.path[0] == "input" for r in self.template.references)
            place = place_of(self.template.text, error.offset, error.length)
            code = "invalid_input" if from_input else "mapping_failed"
            raise CallError(code, f"path `{self.template.text}`: {error.message}", place=place) from None
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
        raise wrong("not-yet", f"a path as a list: {LATER}", "write the path as one text")
    if not isinstance(value, str):
        raise wrong("wrong-type", f"expected a path, found {kind_of(value)}", "quote the path")
    template = reading(info).compiled(compile_template, value)
    if template is None:
        return None
    if value and not value.startswith("/") and (template.constant or not value.startswith("{{")):
        remedy = "write the path only: the host stands in `base_url`" if "://" in value else f"write `/{value}`"
        raise wrong("wrong-url", "a path begins with `/`", remedy)
    return Path(template, tuple(literal_path(p) if isinstance(p, str) else p for p in template.parts))


_SAID: Final = "Begins with `/`; each `{{ value }}` is one encoded segment."
PathField = Annotated[Path, reads(_path, {"type": "string", "description": _SAID})]
