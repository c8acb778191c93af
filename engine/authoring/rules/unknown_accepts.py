"""`accepts` names something a client cannot be searched by.

Why it is bad: the engine asks a system only for what it accepts, so a slip means that nobody is found.

Example:

    operations:
      find:
        capability: identity
        accepts: [fone]
        request: {method: GET, path: /find, query: {q: "{{ input.value }}"}}
        output: {clients: {each: body, as: {key: item.id}}}

Use instead:

    operations:
      find:
        capability: identity
        accepts: [phone]
        request: {method: GET, path: /find, query: {q: "{{ input.value }}"}}
        output: {clients: {each: body, as: {key: item.id}}}
"""
