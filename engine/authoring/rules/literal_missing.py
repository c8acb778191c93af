"""A bare value stands in text that also holds quoted literals.

Why it is bad: the bare value can end the query and begin another one.

Example:

    operations:
      user:
        input: {n: string, town: string}
        request: {method: GET, path: /q, query: {q: "Name = {{ input.n | soql }} AND Town = {{ input.town }}"}}

Use instead:

    operations:
      user:
        input: {n: string, town: string}
        request: {method: GET, path: /q, query: {q: "Name = {{ input.n | soql }} AND Town = {{ input.town | soql }}"}}
"""
