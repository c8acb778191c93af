"""Pydantic field types for the strings of the language: compiled when the file is validated."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import GetPydanticSchema, ValidationInfo

from engine.language.expression import Expression, compile_expression
from engine.language.template import Template, compile_template
from engine.language.text import kind_of
from engine.spec.reading import reading, reads, wrong


def nothing() -> Expression:
    """Stands for an expression that could not be compiled, so that the rest of the file is still read."""
    return compile_expression("input")


def _compiled(compiler: Callable[[str], Any], what: str, description: str) -> GetPydanticSchema:
    def read(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            raise wrong("wrong-type", f"expected {what}, found {kind_of(value)}", "quote the value")
        return reading(info).compiled(compiler, value)

    return reads(read, {"type": "string", "description": description})


_OVER: Final = "A JMESPath expression over the names of this place."
_TAGS: Final = "Text with `{{ expression }}` tags."
ExpressionField = Annotated[Expression, _compiled(compile_expression, "an expression", _OVER)]
TemplateField = Annotated[Template, _compiled(compile_template, "text", _TAGS)]
