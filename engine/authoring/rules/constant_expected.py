"""An expression or template stands where only constants may.

Why it is bad: a query that is put together from what a client wrote is the client's query.

Example:

    operations:
      user:
        input: {id: string}
        request: {method: POST, path: /q, graphql: {query: "{ user(id: {{ input.id }}) { name } }"}}

Use instead:

    operations:
      user:
        input: {id: string}
        request:
          method: POST
          path: /q
          graphql: {query: "query ($id: ID) { user(id: $id) { name } }", variables: {id: "{{ input.id }}"}}
"""
