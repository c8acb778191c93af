"""A contract: what a capability is asked and answers, and how what a connector mapped is made to fit it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from engine.language.locale import Locale
from engine.language.text import kind_of
from engine.spec.contracts.masks import CONTACTS, MASKS, mask_inn
from engine.spec.contracts.types import Fitting
from engine.spec.misfit import InputError, contract_error, input_error

Row = dict[str, Any]
Change = Callable[[Any], Any]
Marks = dict[str, "Marks | Change"]
"""How members of a value change, nested as they are."""


class Shape(BaseModel):
    """The base of every contract model: no unknown members. Built on first use: `check` starts without it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, defer_build=True)


class PlainSchema(GenerateJsonSchema):
    """JSON Schema without nulls: what is absent is absent. Every member has a title."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Also where the member is a model of its own."""
        return True

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The schema of what may be null, without the null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema with its default, unless that is null."""
        found = super().default_schema(schema)
        return {key: value for key, value in found.items() if key != "default" or value is not None}


def member(description: str, *examples: Any, personal: bool = False, mask: str = "", **more: Any) -> Any:
    """A member of a contract; without `default` it may be absent.

    `personal` marks it for masking in logs and traces; with a `mask` (of MASKS; then it is personal) in answers too.
    """
    marks: dict[str, Any] = {"personal": True} if personal or mask else {}
    marks |= {"mask": mask} if mask else {}
    return Field(**more or {"default": None}, description=description, examples=[*examples], json_schema_extra=marks)


def required(description: str, *examples: Any, personal: bool = False) -> Any:
    """A member that must have a value."""
    return member(description, *examples, personal=personal, default=...)


def many(description: str, *examples: Any, personal: bool = False, mask: str = "") -> Any:
    """A list that is empty where there is nothing."""
    return member(description, *examples, personal=personal, mask=mask, default_factory=list)


@dataclass(frozen=True, eq=False)
class Contract:
    """One capability.

    `empty_error` is the error when the upstream had nothing, where that is no answer; `unique` names, per list, the
    member by which rows are told apart.
    """

    name: str
    version: str
    title: str
    input: type[Shape]
    output: type[Shape]
    empty_error: str | None = None
    unique: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Row, Locale], Row] = lambda given, _locale: given

    @cached_property
    def rows(self) -> dict[str, type[Shape]]:
        """The lists of the answer, each with the model of its elements."""
        members = self.output.model_fields.items()
        return {name: model for name, info in members for model in models_in(info.annotation, lists=True)}

    @property
    def empty(self) -> Row | None:
        """A fresh answer for when the upstream had nothing; None where that is the error `empty_error`."""
        return None if self.empty_error else {name: [] for name in self.rows}

    @cached_property
    def _optional(self) -> frozenset[str]:
        return frozenset(name for name, info in self.input.model_fields.items() if not info.is_required())

    @cached_property
    def guarded(self) -> frozenset[str]:
        """The inputs that may not hold a full card number: those not marked personal, but no keys."""
        fields = self.input.model_fields.items()
        return frozenset(name for name, info in fields if not mark(info, "personal") and not name.endswith("_key"))

    def build(self) -> None:
        """Compile the models now, so that no caller waits for it."""
        for model in (self.input, self.output, *self.rows.values()):
            model.model_rebuild()

    def accept(self, data: Any, locale: Locale) -> Row:
        """The input as the contract has it: what was given, normalised, plus defaults.

        Raises InputError with every problem found.
        """
        if not isinstance(data, dict):
            raise InputError([("", f"the input must be an object, found {kind_of(data)}")])
        known, left = self.input.model_fields, self._optional  # a bot writes "" for what it has not
        present = {n: v for n, v in data.items() if not ((v is None and n in known) or (v == "" and n in left))}
        try:
            given = self.input.model_validate(present, context=Fitting(locale))
        except ValidationError as error:
            raise input_error(error, known) from None
        return self.prepare(given.model_dump(exclude_none=True), locale)

    def normalise(self, output: Row, locale: Locale) -> tuple[Row, list[str]]:
        """What was mapped, in the contract's form and order, ready for JSON; and warnings for the operator.

        Raises ContractError for the first member that cannot be made to fit.
        """
        stray: list[tuple[str, str]] = []
        answer = _fit(self.output, output, Fitting(locale, stray)).model_dump(exclude_none=True)
        warnings = self._keep_stray(answer, stray) if stray else []
        for name, key in self.unique.items():
            last = {row[key]: row for row in answer[name]}
            if repeated := sum(row != last[row[key]] for row in answer[name]):
                warnings.append(f"{name}: {repeated} with a repeated `{key}` and other values, the last one is kept")
            answer[name] = list(last.values())
        return answer, warnings

    def complete(self, output: Row) -> Row:
        """An answer with null for every member that is absent."""
        return self.output.model_validate(output, context=Fitting(Locale(), [])).model_dump()

    def row(self, name: str, value: Row, locale: Locale) -> Row:
        """One mapped element of a list as `where` sees it: absent lists are [], absent scalars None.

        Raises ContractError.
        """
        return _fit(self.rows[name], value, Fitting(locale, [])).model_dump()

    def hide(self, output: Row, contacts: bool = False) -> Row:
        """An answer with every member masked that has a mask; `contacts` leaves phones and INN whole."""
        masked: Row = _hidden(output, self._masks[contacts])
        return masked

    @cached_property
    def _masks(self) -> tuple[Marks, Marks]:
        """What hides all, and what leaves contacts."""
        part = {name: mask for name, mask in MASKS.items() if name not in CONTACTS}
        whole = _marked(self.output, lambda info: MASKS.get(mark(info, "mask")))
        if "attributes" in self.output.model_fields:
            whole["attributes"] = _mask_stray
        return whole, _marked(self.output, lambda info: part.get(mark(info, "mask")))

    def conceal(self, side: str, value: Row, how: Change) -> Row:
        """An `input` or `output` with `how` applied to every value that is marked personal."""
        marks = _marked(self.input if side == "input" else self.output, lambda info: mark(info, "personal") and how)
        concealed: Row = _hidden(value, marks)
        return concealed

    def schema(self, side: str = "output") -> dict[str, Any]:
        """The JSON Schema of the `input` or the `output`, complete in itself."""
        model = self.input if side == "input" else self.output
        schema = model.model_json_schema(schema_generator=PlainSchema)
        name = self.version if side == "output" else self.version.replace("/", "-request/")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **schema, "title": name}

    def _keep_stray(self, answer: Row, stray: list[tuple[str, str]]) -> list[str]:
        where = "left out"
        if "attributes" in answer:
            where = "moved to `attributes`"
            answer["attributes"] += [{"name": label, "value": text} for label, text in stray]
        counts = Counter(label for label, _ in stray)
        return [f"{label}: {count} that cannot be read, {where}" for label, count in counts.items()]


def mark(info: FieldInfo, name: str) -> Any:
    """What `member` noted of a member under this name: `personal`, `mask`."""
    return info.json_schema_extra.get(name) if isinstance(info.json_schema_extra, dict) else None


def models_in(annotation: Any, lists: bool = False) -> Iterator[type[Shape]]:
    """Every model inside an annotation (`list[X] | None` gives X), or only those in its lists."""
    if not lists and isinstance(annotation, type) and issubclass(annotation, Shape):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part, lists and get_origin(annotation) is not list)


def _marked(model: type[Shape], change: Callable[[FieldInfo], Change | None]) -> Marks:
    """How a model's members change, and those of the models in them."""
    found: Marks = {}
    for name, info in model.model_fields.items():
        inner = next((marks for one in models_in(info.annotation) if (marks := _marked(one, change))), None)
        if how := change(info) or inner:
            found[name] = how
    return found


def _mask_stray(attribute: Row) -> Row:
    """An attribute, masked if it holds a phone: one that could not be read."""
    value = attribute.get("value") if attribute["name"] == "phone" else None
    return attribute if value is None else {**attribute, "value": mask_inn(value)}


def _hidden(value: Any, how: Marks | Change) -> Any:
    if isinstance(value, list):
        return [_hidden(one, how) for one in value]
    if not isinstance(how, dict):
        return how(value)
    return value | {name: _hidden(value[name], inner) for name, inner in how.items() if name in value}


def _fit(model: type[Shape], value: Row, fitting: Fitting) -> Shape:
    try:
        return model.model_validate(value, context=fitting)
    except ValidationError as error:
        raise contract_error(error, model.model_fields) from None
