"""CSV read: a header row, then a row for each object of texts."""

import csv
from io import StringIO
from typing import Any, Final

from engine.language.bounds import MAX_VALUES
from engine.language.codec.charset import CodecError


def decode_csv(text: str) -> list[dict[str, Any]]:
    """A list of objects whose members are the names of the first row; what separates the cells is seen there.

    Raises CodecError (without any of the data) for two columns of one name, a row with more cells than names, broken
    quotes, a cell of more than 131,072 characters, more than 100,000 cells.
    """
    first = "".join(text.partition("\n")[0].split('"')[::2])
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(_BETWEEN, key=first.count), strict=True)
    found: list[dict[str, Any]] = []
    try:
        names = next(reader, [])
        if len(set(names) - {""}) < len(names) - names.count(""):
            raise CodecError("the CSV has two columns of one name")
        for row in reader:
            if len(row) > len(names):
                raise CodecError(f"the CSV has more cells than names (line {reader.line_num})")
            if (len(found) + 1) * len(names) > MAX_VALUES:
                raise CodecError(f"the CSV holds more than {MAX_VALUES:,} cells")
            if row:
                found.append({name: cell for name, cell in zip(names, row, strict=False) if name})
    except csv.Error as error:
        raise CodecError(f"the answer is not CSV: {error} (line {reader.line_num})") from None
    return found


_BETWEEN: Final = ",;\t"
