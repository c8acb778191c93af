"""One member of the answer comes from two steps.

Without an `output` an operation answers the members of all its steps together.

Why it is bad: two members of one name cannot both be answered.

Example:

    operations:
      user:
        steps:
          a: {request: {method: GET, path: /a}, output: {id: body.id}}
          b: {request: {method: GET, path: /b}, output: {id: body.id}}

Use instead:

    operations:
      user:
        steps:
          a: {request: {method: GET, path: /a}, output: {id: body.id}}
          b: {request: {method: GET, path: /b}, output: {id: body.id}}
        output: {first: a.output.id, second: b.output.id}
"""
