"""A secret: a value that no log line, error or answer can hold by accident."""

import hmac
from typing import NoReturn


class Secret:
    """Text that only `reveal` gives back; printing shows bullets, JSON and pickle refuse it.

    One trailing newline is taken off: files with secrets end in one, and a header with it would be refused.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text.removesuffix("\n").removesuffix("\r")

    def reveal(self) -> str:
        """The text itself."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret(•••)"

    def __str__(self) -> str:
        return "•••"

    def __format__(self, spec: str) -> str:
        return "•••"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.__bytes(), other.__bytes())

    def __hash__(self) -> int:
        return hash(self.__text)

    def __bytes(self) -> bytes:
        return self.__text.encode(errors="surrogatepass")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied out of the process")
