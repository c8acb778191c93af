"""Two endpoints answer at one path, or one takes a path of the service.

Why it is bad: one of the two would never be reached.

Example:

    projects:
      p: {connections: {a: {connector: hook}, b: {connector: hook}}, inbound: {root: true}}

Use instead:

    projects:
      p: {connections: {a: {connector: hook}, b: {connector: hook}}}
"""
