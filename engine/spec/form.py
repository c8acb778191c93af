"""What a person is asked for: the fields of a form, said in their language."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo

from engine.document import Map
from engine.language.text import kind_of
from engine.spec.reading import Model, about, one_of, plain, reads, wrong

IDENTIFIERS: Final = ("phone", "email", "crm_id", "inn", "social")
"""What a client can be searched by."""
IdentifierField = Annotated[str, one_of("unknown-accepts", "identifier", IDENTIFIERS)]

Spoken = Mapping[str, str]
"""Language ("ru", "en", "" for any) → text."""


def _spoken(value: Any, _info: ValidationInfo) -> Spoken:
    if isinstance(value, str):
        return {"": str(value)}
    texts = plain(value) if isinstance(value, Map) else {}
    if texts and texts.keys() <= {"ru", "en"} and all(isinstance(text, str) for text in texts.values()):
        return dict(texts)
    raise wrong("wrong-type", f"what is said is no {kind_of(value)} of this form", "write a text, or `{ru: …, en: …}`")


_SAYS: Final = {"type": "string", "description": "What is said.", "examples": ["Your phone"]}
_BOTH: Final = {
    "type": "object",
    "properties": {name: {**_SAYS, "title": name} for name in ("ru", "en")},
    "additionalProperties": False,
    "minProperties": 1,
}
SpokenField = Annotated[Spoken, reads(_spoken, {"anyOf": [_SAYS, _BOTH]})]


def said(spoken: Spoken | None, language: str) -> str | None:
    """The text in the language, else in any."""
    return spoken.get(language) or next(iter(spoken.values())) if spoken else None


class FormField(Model):
    """One field of a form."""

    name: str = about("Under which the answer comes back.", "code", default=...)
    title: SpokenField | None = about("What stands beside it.", {"ru": "Код из SMS", "en": "Code from the SMS"})
    type: str = about("The type of its value, for who shows the form.", "string", default="string")
    required: bool = about("Whether it must be filled in.", default=True)

    def shown(self, language: str) -> dict[str, Any]:
        """As the contract `identity` has it."""
        title = said(self.title, language)
        return {"name": self.name, "title": title, "type": self.type, "required": self.required}


class IdentifyingField(FormField):
    """A field that a client can be found by."""

    type: IdentifierField = about("What it is.", "phone", default=...)


class Form(Model):
    """What to ask for where no client is found by what is known."""

    prompt: SpokenField | None = about("What is said before it.", {"ru": "Представьтесь", "en": "Who are you?"})
    fields: Annotated[list[IdentifyingField], Field(min_length=1)] = about(
        "Its fields.", [{"name": "phone", "type": "phone"}], default=...
    )
