"""Pydantic field types for the strings of the language: compiled when the file is validated."""

from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.errors import LanguageError
from engine.language.expression import Expression, compile_expression
from engine.language.template import Template, compile_template
from engine.language.text import kind_of
from engine.spec.reading import Reading, reading


def expression_in(at: Reading, text: str) -> Expression | None:
    """Compile an expression of the file; a mistake is reported and gives None."""
    try:
        return compile_expression(text)
    except LanguageError as error:
        at.language(error, text)
        return None


def nothing() -> Expression:
    """Stands for an expression that could not be compiled, so that the rest of the file is still read."""
    return compile_expression("input")


def template_in(at: Reading, text: str) -> Template | None:
    """Compile a template of the file; a mistake is reported and gives None."""
    try:
        return compile_template(text)
    except LanguageError as error:
        at.language(error, text)
        return None


def _expression(value: Any, info: ValidationInfo) -> Expression | None:
    if not isinstance(value, str):
        raise PydanticCustomError(
            "wrong-type", f"expected an expression, found {kind_of(value)}", {"remedy": "quote the expression"}
        )
    return expression_in(reading(info), value)


def _template(value: Any, info: ValidationInfo) -> Template | None:
    if not isinstance(value, str):
        raise PydanticCustomError("wrong-type", f"expected text, found {kind_of(value)}", {"remedy": "quote the value"})
    return template_in(reading(info), value)


ExpressionField = Annotated[
    Expression,
    PlainValidator(_expression),
    WithJsonSchema({"type": "string", "description": "A JMESPath expression over the names of this place."}),
]
TemplateField = Annotated[
    Template,
    PlainValidator(_template),
    WithJsonSchema({"type": "string", "description": "Text with `{{ expression }}` tags."}),
]
