"""`tolmach schema`: JSON Schema of the files, for editors."""

from typing import Literal

from engine.cli.options import DONE


def schema(kind: Literal["connector", "project", "tests"] | None = None, /) -> int:
    """Print the JSON Schema of one kind of file, or of all of them together.

    Parameters
    ----------
    kind:
        Which file; without it one schema that tells them apart by their keys.
    """
    from engine.authoring.schema import schema_of, whole_schema
    from engine.cli.talk import print_json

    print_json(schema_of(kind) if kind is not None else whole_schema())
    return DONE
