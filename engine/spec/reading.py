"""How a file becomes a model: pydantic validates, every problem gets its place, all are reported at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import ErrorDetails

from engine.document import Document, Map, Seq, Text, line_at, span_at
from engine.errors import CODES, ConfigError, Diagnostic, LanguageError, Span, nearest
from engine.language.text import kind_of

M = TypeVar("M", bound=BaseModel)

LATER = "comes with a later version"


class Model(BaseModel):
    """The base of everything read from YAML: frozen, no unknown keys, no silent conversion.

    `LATER` names the keys of the language that a later version brings: they are read and refused by name.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, serialize_by_alias=True
    )
    LATER: ClassVar[frozenset[str]] = frozenset()
    _raw: Map = PrivateAttr(default_factory=Map)

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if not isinstance(value, Map):
            return handler(value)
        model = handler({key: item for key, item in value.items() if cls._takes(key, value, reading(info))})
        model._raw = value  # noqa: SLF001 - its own
        return model

    @classmethod
    def _takes(cls, key: str, raw: Map, at: "Reading") -> bool:
        known = {info.alias or name for name, info in cls.model_fields.items()}
        if key in known:
            return True
        if key in cls.LATER:
            at.report("not-yet", f"`{key}`: {LATER}", f"take `{key}` out for now", raw.key_span(key))
        else:
            at.report("unknown-key", f"`{key}` is no key of this place", nearest(key, known), raw.key_span(key))
        return False

    def has(self, key: str) -> bool:
        """Whether the file gave this key."""
        return key in self._raw

    def place(self, key: str = "") -> Span:
        """Where the model, or one of its keys, stands in the file."""
        return self._raw.key_span(key) if key in self._raw else self._raw.span()


def about(description: str, *examples: Any, **more: Any) -> Any:
    """A key of a model and what an editor shows of it; without a `default` it may be absent."""
    default = {} if "default_factory" in more else {"default": None}
    return Field(**default | more, description=description, examples=[*examples] or None)


@dataclass(slots=True)
class Reading:
    """One file being read: its document, the problems found so far, the places whose text no report may show."""

    document: Document
    problems: list[Diagnostic] = field(default_factory=list)
    veiled: set[Span] = field(default_factory=set)

    def report(self, code: str, message: str, remedy: str, span: Span, also: Span | None = None) -> None:
        """Note one problem and go on."""
        source = line_at(self.document, span.line) if span.file == self.document.file else ""
        self.problems.append(Diagnostic(code, message, remedy, span, source, also))

    def language(self, error: LanguageError, text: str) -> None:
        """Note what a compiler said of a string of this file."""
        self.report(error.code, error.message, error.remedy, place_of(text, error.offset, error.length) or self.top)

    @property
    def top(self) -> Span:
        return span_at(self.document, ())

    def finish(self) -> None:
        """Raise what was found, in the order of the file, each place and code once."""
        unique = {(p.span, p.code): p for p in reversed(self.problems)}
        if unique:
            raise ConfigError([self._shown(p) for p in sorted(unique.values(), key=lambda p: (p.span, p.code))])

    def _shown(self, problem: Diagnostic) -> Diagnostic:
        source = problem.source
        for span in self.veiled:
            if (span.file, span.line) == (problem.span.file, problem.span.line):
                source = source[: span.column - 1] + "•" * span.length + source[span.column - 1 + span.length :]
        return replace(problem, source=source)


def reading(info: ValidationInfo) -> Reading:
    """The Reading that this validation serves."""
    context = info.context
    assert isinstance(context, Reading), "spec models are read through engine.spec.reading.validate"  # noqa: S101 - ours to keep
    return context


def validate(model: type[M], value: Any, at: Reading, loc: Sequence[str | int] = ()) -> M | None:
    """Validate one part of the file; problems go to `at`, None is returned when there is no usable model."""
    try:
        return model.model_validate(value, context=at)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=True):
            _report(at, at.document, detail, [*loc, *detail["loc"]])
        return None


def spared(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """A mapping that cannot be read is reported and None, so that what stands beside it is still checked."""
    try:
        return handler(value)
    except ValidationError as error:
        if not isinstance(value, Map):
            raise
        at = reading(info)
        for detail in error.errors(include_url=False, include_input=True):
            _report(at, Document(at.document.source, value), detail, list(detail["loc"]))
        return None


def place_of(text: Any, offset: int = 0, length: int = 1) -> Span | None:
    """Where a string of a file stands; None for one that came from elsewhere."""
    return text.span(offset, length) if isinstance(text, Text) else None


def span_of(value: Any) -> Span | None:
    """Where a mapping, a list or a string of a file begins."""
    return value.span() if isinstance(value, Text | Map | Seq) else None


def plain(value: Any) -> Any:
    """A constant of the file without its places."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _report(at: Reading, root: Document, detail: ErrorDetails, loc: list[str | int]) -> None:
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind in CODES:
        at.report(kind, detail["msg"], str(context.get("remedy", "")), span_at(root, loc))
    elif kind == "missing":
        at.report("missing-key", f"`{loc[-1]}` is missing", f"add `{loc[-1]}:`", span_at(root, loc[:-1]))
    elif kind in ("literal_error", "union_tag_invalid", "enum"):
        place = [*loc, str(context["discriminator"]).strip("'")] if "discriminator" in context else loc
        at.report("wrong-value", *_wrong_value(detail, context, place[-1]), span_at(root, place))
    elif kind == "union_tag_not_found":
        at.report("missing-key", "`type` is missing", "add `type:`", span_at(root, loc))
    else:
        at.report("wrong-type", *_wrong_type(detail), span_at(root, loc))


def _wrong_value(detail: ErrorDetails, context: dict[str, Any], name: str | int) -> tuple[str, str]:
    expected = str(context.get("expected") or context.get("expected_tags") or "")
    known = [word.strip(" '\"") for word in expected.replace(" or ", ",").split(",")]
    found = context.get("tag", detail["input"])
    shown = f"`{found}`" if isinstance(found, str | int) else kind_of(found)
    return f"{shown} is not one of the values of `{name}`", nearest(str(found), known)


def _wrong_type(detail: ErrorDetails) -> tuple[str, str]:
    wanted = {
        "string_type": ("text", "quote the value"),
        "int_type": ("a whole number", "write a number without quotes"),
        "bool_type": ("a boolean", "write `true` or `false`"),
        "dict_type": ("a mapping", "write `key: value` pairs"),
        "model_type": ("a mapping", "write `key: value` pairs"),
        "list_type": ("a list", "write `[…]`, or one `- item` a line"),
        "tuple_type": ("a list", "write `[…]`, or one `- item` a line"),
    }.get(detail["type"])
    found = kind_of(detail["input"])
    if wanted is None:
        return f"{found} does not fit here: {detail['msg'].lower()}", "see the language reference"
    return f"expected {wanted[0]}, found {found}", wanted[1]


def models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    """Every pydantic model inside an annotation: `list[X] | None` gives X."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    if hasattr(annotation, "__value__"):
        yield from models_in(annotation.__value__)
    for argument in getattr(annotation, "__args__", ()):
        yield from models_in(argument)
