"""A contract: what a capability is asked and answers, and how what a connector mapped is made to fit it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from engine.language.locale import Locale
from engine.language.text import kind_of
from engine.spec.contracts.types import Fitting
from engine.spec.misfit import InputError, contract_error, input_error

Row = dict[str, Any]


class Shape(BaseModel):
    """The base of every contract model: no unknown members. Built on first use: `check` starts without it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, defer_build=True)


class PlainSchema(GenerateJsonSchema):
    """JSON Schema without nulls: what is absent is absent."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The schema of what may be null, without the null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema with its default, unless that is null."""
        found = super().default_schema(schema)
        return {key: value for key, value in found.items() if key != "default" or value is not None}


def member(description: str, *examples: Any, personal: bool = False, **more: Any) -> Any:
    """A member of a contract; without `default` it may be absent. `personal` marks it for masking."""
    marks: dict[str, Any] = {"personal": True} if personal else {}
    default = {} if "default_factory" in more else {"default": None}
    return Field(**{**default, **more}, description=description, examples=[*examples], json_schema_extra=marks)


def required(description: str, *examples: Any, personal: bool = False) -> Any:
    """A member that must have a value."""
    return member(description, *examples, personal=personal, default=...)


def many(description: str, *examples: Any, personal: bool = False) -> Any:
    """A list that is empty where there is nothing."""
    return member(description, *examples, personal=personal, default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """One capability.

    `required` members are `mapping_failed` when their expression yields null; `rows` maps each list member to the
    model of its elements. `empty_error` is the error when the upstream had nothing, where that is no answer.
    `unique` names, per list, the member by which rows are told apart; `hidden` what is masked unless revealed.
    """

    name: str
    version: str
    title: str
    input: type[Shape]
    output: type[Shape]
    required: tuple[str, ...] = ()
    rows: dict[str, type[Shape]] = field(default_factory=dict)
    empty_error: str | None = None
    unique: dict[str, str] = field(default_factory=dict)
    hidden: Callable[[Row], None] | None = None
    prepare: Callable[[Row, Locale], Row] | None = None

    @property
    def empty(self) -> Row | None:
        """A fresh answer for when the upstream had nothing; None where that is the error `empty_error`."""
        return None if self.empty_error else {name: [] for name in self.required}

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
        known = self.input.model_fields
        present = {name: value for name, value in data.items() if value is not None or name not in known}
        try:
            given = self.input.model_validate(present, context=locale)
        except ValidationError as error:
            raise input_error(error, known) from None
        accepted = given.model_dump(exclude_none=True)
        return self.prepare(accepted, locale) if self.prepare else accepted

    def normalise(self, output: Row, locale: Locale) -> tuple[Row, list[str]]:
        """What was mapped, in the contract's form and order, ready for JSON; and warnings for the operator.

        Raises ContractError for the first member that cannot be made to fit.
        """
        fitting = Fitting(locale)
        answer = _fit(self.output, output, fitting).model_dump(exclude_none=True)
        warnings = self._keep_stray(answer, fitting.stray) if fitting.stray else []
        for name, key in self.unique.items():
            answer[name], repeated = _last_of_each(answer[name], key)
            if repeated:
                warnings.append(f"{name}: {repeated} with a repeated `{key}` and other values, the last one is kept")
        return answer, warnings

    def row(self, name: str, value: Row, locale: Locale) -> Row:
        """One mapped element of a list as `where` sees it: absent lists are [], absent scalars None.

        Raises ContractError.
        """
        return _fit(self.rows[name], value, Fitting(locale)).model_dump()

    def hide(self, output: Row) -> Row:
        """The same answer, changed in place: what is personal by default is masked."""
        if self.hidden:
            self.hidden(output)
        return output

    def schema(self, side: str = "output") -> dict[str, Any]:
        """The JSON Schema of the `input` or the `output`, complete in itself."""
        model = self.input if side == "input" else self.output
        schema = model.model_json_schema(schema_generator=PlainSchema)
        name = self.version if side == "output" else self.version.replace("/", "-request/")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **schema, "title": name}

    def _keep_stray(self, answer: Row, stray: list[tuple[str, str]]) -> list[str]:
        kept = "attributes" in self.output.model_fields
        if kept:
            answer["attributes"] += [{"name": label, "value": text} for label, text in stray]
        where = "moved to `attributes`" if kept else "left out"
        counts = Counter(label for label, _ in stray)
        return [f"{label}: {count} that cannot be read, {where}" for label, count in counts.items()]


def _fit(model: type[Shape], value: Row, fitting: Fitting) -> Shape:
    try:
        return model.model_validate(value, context=fitting)
    except ValidationError as error:
        raise contract_error(error, model.model_fields) from None


def _last_of_each(rows: list[Row], key: str) -> tuple[list[Row], int]:
    found: dict[str, Row] = {}
    differing = 0
    for row in rows:
        differing += found.get(row[key], row) != row
        found[row[key]] = row
    return list(found.values()), differing
