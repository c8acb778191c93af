"""What every help text ends in: two examples."""


class Verb:
    """A verb: its name, one sentence, two command lines without the program's name."""

    __slots__ = ("examples", "name", "summary")

    def __init__(self, name: str, summary: str, *examples: str) -> None:
        self.name = name
        self.summary = summary
        self.examples = examples


def examples(*lines: str) -> str:
    """The end of a help text."""
    return "\n\n".join(["Examples:", *(f"  tolmach {line}" for line in lines)])
