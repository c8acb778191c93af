"""`tolmach docs`: the page of a code."""

from engine.cli.options import DONE, USAGE


def docs(code: str = "", /) -> int:
    """Print the page of a code: what it means, why it is bad, an example, what to write instead.

    Parameters
    ----------
    code:
        Of a problem that `check` found, or of an error that a call ended with; without it every code is listed.
    """
    from engine.authoring.pages import pages
    from engine.cli.talk import say
    from engine.errors import CATALOGUE, CODES, nearest

    if not code:
        known = pages()
        rows: list[tuple[str, str, str]] = [(name, known[name].severity, text) for name, text in CODES.items()]
        rows += [(name, "call", f"{fault.title}.") for name, fault in CATALOGUE.items()]
        width = max(len(name) for name, _, _ in rows)
        print("\n".join(f"{name:{width}}  {kind:7}  {text}" for name, kind, text in rows))
    elif code in CODES:
        page = pages()[code]
        print(f"{code}: {page.severity}\n\n{page.text}")
    elif code in CATALOGUE:
        print(_fault(code))
    else:
        remedy = nearest(code, [*CODES, *CATALOGUE], "`tolmach docs` lists them")
        say(f"tolmach docs: there is no code `{code}`: {remedy}")
        return USAGE
    return DONE


def _fault(code: str) -> str:
    """A code that calls end with."""
    from engine.errors import CATALOGUE

    fault = CATALOGUE[code]
    again = "Trying again may help." if fault.retryable else "Trying again does not help."
    raised = "An error rule of a connector may name it." if fault.raisable else "Only the engine itself raises it."
    said = f"What a bot may say:\n\n    {fault.ru}\n    {fault.en}"
    return f"{code}: HTTP {fault.status}\n\n{fault.title}.\n\n{again} {raised}\n\n{said}"
