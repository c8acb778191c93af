"""One table of functions for both languages; importing a module of this package enters its functions."""

from engine.language.functions import amounts, codes, lists, literals, phones, standard, texts, times
from engine.language.functions.function import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function", "amounts", "codes", "lists", "literals", "phones", "standard", "texts", "times"]
