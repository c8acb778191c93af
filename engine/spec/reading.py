"""How a file becomes a model: pydantic validates, every problem gets its place, all are reported at once."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    GetPydanticSchema,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from engine.document import Document, Map, Seq, Text, line_at, span_at
from engine.errors import CODES, ConfigError, Diagnostic, LanguageError, Span, nearest
from engine.language.text import kind_of
from engine.spec.misfit import FAST, SLOW

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C")

LATER = "comes with a later version"


class Model(BaseModel):
    """The base of everything read from YAML: frozen, no unknown keys, no silent conversion.

    `later` names the keys of the language that a later version brings: they are read and refused by name. `only` names
    the keys that are left of those of a base.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, defer_build=True)
    LATER: ClassVar[frozenset[str]] = frozenset()
    ONLY: ClassVar[frozenset[str]] = frozenset()
    _raw: Map = PrivateAttr(default_factory=Map)
    _at: "Reading" = PrivateAttr()

    def __init_subclass__(cls, later: str = "", only: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.LATER = frozenset(later.split())
        cls.ONLY = frozenset(only.split())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler(schema)
        if cls.ONLY:
            whole = handler.resolve_ref_schema(found)
            whole["properties"] = {key: value for key, value in whole["properties"].items() if key in cls.ONLY}
        return found

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if not isinstance(value, Map):
            return handler(value)
        at = reading(info)
        model = handler({key: item for key, item in value.items() if cls._takes(key, value, at)})
        model._raw, model._at = value, at  # noqa: SLF001 - its own
        return model

    @classmethod
    def _takes(cls, key: str, raw: Map, at: "Reading") -> bool:
        known = {info.alias or name for name, info in cls.model_fields.items()}
        known &= cls.ONLY or known
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

    def choose(self, keys: Collection[str], remedy: str) -> list[str]:
        """Which of the keys the file gave, in its order; more than one is reported."""
        given = [key for key in self._raw if key in keys]
        if len(given) > 1:
            self.report("one-of", f"`{given[0]}` and `{given[1]}` stand together", remedy, given[1])
        return given

    def place(self, key: str = "") -> Span:
        """Where the model, or one of its keys, stands in the file."""
        return self._raw.key_span(key) if key in self._raw else self._raw.span()

    def report(self, code: str, message: str, remedy: str, place: str | Span = "") -> None:
        """Note one problem of the model, of one of its keys, or elsewhere in its file."""
        self._at.report(code, message, remedy, self.place(place) if isinstance(place, str) else place)


def about(description: str, *examples: Any, **more: Any) -> Any:
    """A key of a model and what an editor shows of it; without a `default` it may be absent."""
    default = {} if "default_factory" in more else {"default": None}
    return Field(**default | more, description=description, examples=[*examples] or None)


@dataclass(slots=True)
class Reading:
    """One file being read: its document, the problems found so far, the places whose text no report may show.

    `shape` is what the outputs of steps must fit, where they are the answer of their operation.
    """

    document: Document
    problems: list[Diagnostic] = field(default_factory=list)
    veiled: set[Span] = field(default_factory=set)
    shape: Any = None

    def report(self, code: str, message: str, remedy: str, span: Span, also: Span | None = None) -> None:
        """Note one problem and go on."""
        source = line_at(self.document, span.line) if span.file == self.document.file else ""
        self.problems.append(Diagnostic(code, message, remedy, span, source, also))

    def compiled(self, compiler: Callable[[str], C], text: str) -> C | None:
        """A string of this file, compiled; a mistake is reported and gives None."""
        try:
            return compiler(text)
        except LanguageError as error:
            place = place_of(text, error.offset, error.length) or self.top
            self.report(error.code, error.message, error.remedy, place)
            return None

    @property
    def top(self) -> Span:
        return span_at(self.document, ())

    def finish(self) -> None:
        """Raise what was found, in the order of the file, each place and code once."""
        unique = {(p.span, p.code): p for p in reversed(self.problems)}
        if unique:
            raise ConfigError([self._shown(p) for p in sorted(unique.values(), key=lambda p: (p.span, p.code))])

    def settled(self, found: M | None) -> M:
        """What was read, if nothing was found wrong; else raises like `finish`."""
        self.finish()
        assert found is not None  # noqa: S101 - what could not be read was reported
        return found

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


def wrong(code: str, message: str, remedy: str) -> PydanticCustomError:
    """A problem of the file for a validator to raise: it gets the place of what is validated."""
    return PydanticCustomError(code, "{message}", {"message": message, "remedy": remedy})


def reads(read: Callable[[Any, Any], Any], schema: dict[str, Any], fast: CoreSchema | None = None) -> GetPydanticSchema:
    """An annotation: `read` reads the value and its ValidationInfo, an editor sees `schema`.

    What `fast` takes as it is needs no Python.
    """
    core: CoreSchema = core_schema.with_info_plain_validator_function(read)
    if fast is not None:
        core = core_schema.union_schema([(fast, FAST), (core, SLOW)], mode="left_to_right")
    return GetPydanticSchema(lambda _source, _handler: core, lambda _core, _handler: dict(schema))


def short_for(key: str, schema: Any) -> BeforeValidator:
    """An annotation of a model: text is short for a mapping with this one key."""
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=schema
    )


def one_or_several(schema: Any) -> BeforeValidator:
    """An annotation of a list: one of its elements is short for a list of it."""
    return BeforeValidator(
        lambda value: value if isinstance(value, list) else [value], json_schema_input_type=schema | list[schema]
    )


def one_of(code: str, what: str, known: Iterable[str]) -> GetPydanticSchema:
    """An annotation of text that is one of the `known`; of what is not, `code` says that there is no such `what`."""
    names = list(known)

    def check(value: Any, _info: ValidationInfo) -> str:
        if value in names:
            return str(value)
        raise wrong(code, f"there is no {what} `{value}`", nearest(str(value), names))

    return reads(check, {"type": "string", "enum": names})


def read_root(model: type[M], at: Reading, what: str, remedy: str) -> M | None:
    """The model of the whole file; problems go to `at`."""
    root = at.document.root
    if isinstance(root, Map):
        return validate(model, root, at)
    at.report("wrong-type", f"{what} is a mapping, found {kind_of(root)}", remedy, at.top)
    return None


def validate(model: type[M], value: Any, at: Reading) -> M | None:
    """Validate the whole file; problems go to `at`, None is returned when there is no usable model."""
    try:
        return model.model_validate(value, context=at)
    except ValidationError as error:
        _report(error, value, at)
        return None


def _spared(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """A mapping that cannot be read is reported and None, so that what stands beside it is still checked."""
    try:
        return handler(value)
    except ValidationError as error:
        if not isinstance(value, Map):
            raise
        _report(error, value, reading(info))
        return None


SPARED: Final = WrapValidator(_spared)


def usable(found: dict[str, C | None]) -> dict[str, C]:
    """Those of some named models that could be read."""
    return {name: one for name, one in found.items() if one is not None}


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


def _report(error: ValidationError, value: Any, at: Reading) -> None:
    root = Document(at.document.source, value)
    for detail in error.errors(include_url=False):
        loc = list(detail["loc"])
        if detail["type"] == "missing":
            loc.pop()
        elif "discriminator" in (context := detail.get("ctx") or {}) and "tag" in context:
            loc.append(str(context["discriminator"]).strip("'"))
        at.report(*_said(detail, detail.get("ctx") or {}, loc), span_at(root, loc))


def _said(detail: ErrorDetails, context: dict[str, Any], loc: list[str | int]) -> tuple[str, str, str]:
    """Code, message and remedy of what pydantic found."""
    kind, found = detail["type"], context.get("tag", detail["input"])
    if kind in CODES:
        return kind, detail["msg"], str(context["remedy"])
    if kind == "union_tag_not_found" and not isinstance(found, Map):
        kind = "model_type"
    if kind in ("missing", "union_tag_not_found"):
        key = detail["loc"][-1] if kind == "missing" else "type"
        return "missing-key", f"`{key}` is missing", f"add `{key}:`"
    if kind in ("literal_error", "union_tag_invalid"):
        expected = str(context.get("expected") or context.get("expected_tags"))
        known = [word.strip(" '\"") for word in expected.replace(" or ", ",").split(",")]
        shown = f"`{found}`" if isinstance(found, str | int) else kind_of(found)
        return "wrong-value", f"{shown} is not one of the values of `{loc[-1]}`", nearest(str(found), known)
    if kind in _TYPES:
        wanted, remedy = _TYPES[kind]
        return "wrong-type", f"expected {wanted}, found {kind_of(found)}", remedy
    return "wrong-type", f"{kind_of(found)} does not fit here: {detail['msg'].lower()}", "see the language reference"


_TYPES: Final = {
    "string_type": ("text", "quote the value"),
    "int_type": ("a whole number", "write a number without quotes"),
    "bool_type": ("a boolean", "write `true` or `false`"),
    **dict.fromkeys(("dict_type", "model_type"), ("a mapping", "write `key: value` pairs")),
    "list_type": ("a list", "write `[…]`, or one `- item` a line"),
}
