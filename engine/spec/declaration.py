"""Declarations: the shorthand in which settings and inputs say what they take."""

import re
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from engine.language.functions.texts import compiled
from engine.language.locale import Locale
from engine.language.text import kind_of
from engine.spec.kinds import KINDS
from engine.spec.misfit import InputError, Misfit, Problem, closest, pointer, stranger
from engine.spec.reading import Model, one_of, short_for, wrong
from engine.spec.secret import Secret

Type = Annotated[str, one_of("wrong-value", "type", KINDS)]


def _compilable(pattern: str) -> str:
    try:
        compiled(pattern)
    except ValueError as error:
        remedy = "patterns are RE2: no look-around and no back references"
        raise wrong("wrong-pattern", f"the pattern cannot be compiled: {error}", remedy) from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compilable)]


class Declaration(Model):
    """What one setting or input takes; `id: integer` is short for `id: {type: integer}`."""

    type: Type = Field(description="The type of the value.", examples=["string", "phone"], title="Type")
    nullable: bool = Field(False, description="null is a value of its own: it clears a field.")
    pattern: Pattern | None = Field(None, description="RE2, found anywhere in the text.", examples=["^[a-z0-9-]+$"])
    min: int | float | Decimal | None = Field(None, description="The smallest number.", examples=[1])
    max: int | float | Decimal | None = Field(None, description="The largest number.", examples=[100])
    max_length: int | None = Field(None, ge=0, description="The most characters, or elements of a list.", examples=[64])
    items: "Shorthand | None" = Field(None, description="What the elements of a list are.", examples=["integer"])
    in_url: bool = Field(False, description="The secret may stand in an address.")
    title: str | None = Field(None, description="What it is, for people.", examples=["Account subdomain"])
    where: str | None = Field(None, description="Where it is found: address or sentence.", examples=["Settings → API"])
    personal: bool = Field(False, description="It is personal data and masked in logs.")
    enum: list[Any] | None = Field(None, min_length=1, description="The only values.", examples=[["new", "done"]])
    default: Any = Field(None, description="Taken when nothing is given, so it may be left out.", examples=[50])
    example: Any = Field(None, description="A value as it may be written.", examples=["mybank"])

    @field_validator("pattern", "min", "max", "max_length", "items", "in_url")
    @classmethod
    def _applies(cls, value: Any, info: ValidationInfo) -> Any:
        kind, name = info.data.get("type"), info.field_name or ""
        if kind is not None and name not in KINDS[kind].limits:
            remedy = "take it out; it belongs to " + ", ".join(f"`{n}`" for n, k in KINDS.items() if name in k.limits)
            raise wrong("wrong-value", f"`{name}` means nothing for the type `{kind}`", remedy)
        if name == "max" and value is not None and (least := info.data.get("min")) is not None and least > value:
            raise wrong("wrong-value", "`max` is less than `min`", f"write a number of at least {least}")
        return value

    @field_validator("enum", "default", "example")
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None or "type" not in info.data:
            return value
        own = cls.model_construct(**info.data)
        try:
            if info.field_name == "enum":
                return [own.accept(one, Locale()) for one in value]
            own.accept(value, Locale())
        except Misfit as misfit:
            remedy = misfit.remedy or "write a value that fits, or change the declaration"
            raise wrong("default-misfit", f"the {info.field_name} {misfit.message}", remedy) from None
        return value

    @property
    def optional(self) -> bool:
        """Whether it has a default (null may be one)."""
        return "default" in self.model_fields_set

    def accept(self, value: Any, locale: Locale) -> Any:
        """The value, checked and in its normal form: text, int, Decimal, bool, list, dict or Secret.

        Text that is written as a number or a boolean is taken for one: bots send text. Raises Misfit.
        """
        found = KINDS[self.type].read(value, locale)
        if self.items is not None:
            found = [_element(self.items, at, one, locale) for at, one in enumerate(found)]
        self._within(found.reveal() if isinstance(found, Secret) else found)
        if self.enum is not None and found not in self.enum:
            raise Misfit("is none of the allowed values", "write one of " + ", ".join(f"`{one}`" for one in self.enum))
        return found

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of what `accept` takes."""
        schema = dict(KINDS[self.type].schema)
        if self.items is not None:
            schema["items"] = self.items.json_schema()
        if self.nullable:
            schema = {"anyOf": [schema, {"type": "null"}]}
        more = {
            "title": self.title,
            "description": self.where,
            "pattern": self.pattern,
            "minimum": self.min,
            "maximum": self.max,
            "maxItems" if self.type == "list" else "maxLength": self.max_length,
            "enum": self.enum,
            "default": self.default,
            "examples": None if self.example is None else [self.example],
            "personal": self.personal or None,
        }
        return {**schema, **{key: _jsonable(value) for key, value in more.items() if value is not None}}

    def _within(self, found: Any) -> None:
        if self.max_length is not None and len(found) > self.max_length:
            what = "elements" if isinstance(found, list) else "characters"
            raise Misfit(f"has more than {self.max_length} {what}")
        if self.min is not None and found < self.min:
            raise Misfit(f"is less than {self.min}")
        if self.max is not None and found > self.max:
            raise Misfit(f"is more than {self.max}")
        if self.pattern is not None and not compiled(self.pattern).search(found):
            raise Misfit(f"does not match the pattern {self.pattern}")


Shorthand = Annotated[Declaration, short_for("type", Type | Declaration)]
"""`integer` where a Declaration is wanted means `{type: integer}`."""


class Declarations(dict[str, Declaration]):
    """Names and what they take, in the order of the file; names are without their `?`."""

    _marked: frozenset[str] = frozenset()

    @property
    def marked(self) -> frozenset[str]:
        """The names that were written with `?`."""
        return self._marked

    @cached_property
    def required(self) -> frozenset[str]:
        """The names that must be given: neither `?` nor a default."""
        return frozenset(name for name, one in self.items() if name not in self.marked and not one.optional)

    def accept(self, given: Any, locale: Locale) -> dict[str, Any]:
        """What was given, checked, plus defaults; a null stays only where it is nullable, elsewhere it is absent.

        Raises InputError with every problem found.
        """
        if not isinstance(given, dict):
            raise InputError([("", f"must be an object, found {kind_of(given)}")])
        accepted: dict[str, Any] = {}
        problems: list[Problem] = []
        for name in self:
            try:
                self._accept_one(name, given, locale, accepted)
            except Misfit as misfit:
                problems.append((pointer([name]), misfit.sentence))
        unknown = [name for name in given if name not in self]
        problems += [(pointer([stranger(str(n))]), "there is no such member" + closest(str(n), self)) for n in unknown]
        if problems:
            raise InputError(problems)
        return accepted

    def without_blanks(self, given: dict[str, Any]) -> dict[str, Any]:
        """The same without "" where that is no value and may be absent: bots write it for what they do not know."""
        typed = {n for n, one in self.items() if n not in self.required and (one.type != "string" or one.enum)}
        return {name: value for name, value in given.items() if value != "" or name not in typed}

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of the whole."""
        required = [name for name in self if name in self.required]
        members = {"properties": {name: one.json_schema() for name, one in self.items()}, "required": required}
        return {"type": "object", "additionalProperties": False, **(members if self else {})}

    def _accept_one(self, name: str, given: dict[str, Any], locale: Locale, accepted: dict[str, Any]) -> None:
        one, value = self[name], given.get(name)
        if value is None and not (one.nullable and name in given):
            value = one.default
        if value is not None:
            accepted[name] = one.accept(value, locale)
        elif one.nullable and (name in given or one.optional):
            accepted[name] = None
        elif name in self.required:
            raise Misfit("is missing")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        declared = handler.generate_schema(dict[Annotated[str, AfterValidator(_named)], Shorthand])
        return core_schema.no_info_after_validator_function(cls._built, declared)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "propertyNames": {"pattern": r"^[^\W\d]\w*\??$"}}

    @classmethod
    def _built(cls, declared: dict[str, Declaration]) -> Self:
        marked = frozenset(name.removesuffix("?") for name in declared if name.endswith("?"))
        if twice := marked & declared.keys():
            raise wrong("duplicate-key", f"`{min(twice)}` is declared with and without `?`", "keep one of the two")
        found = cls({name.removesuffix("?"): one for name, one in declared.items()})
        found._marked = marked
        return found


def _element(items: Declaration, at: int, value: Any, locale: Locale) -> Any:
    if value is None and items.nullable:
        return None
    try:
        return items.accept(value, locale)
    except Misfit as misfit:
        raise Misfit(f"has an element {at} that {misfit.message}", misfit.remedy) from None


def _named(key: str) -> str:
    name = key.removesuffix("?")
    if not name.isidentifier():
        fitting = re.sub(r"\W+", "_", name).strip("_") or "name"
        remedy = f"use letters, digits and `_`: `{fitting}`"
        raise wrong("wrong-value", f"`{key}` cannot be written in an expression", remedy)
    return key


def _jsonable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return [_jsonable(one) for one in value] if isinstance(value, list) else value
