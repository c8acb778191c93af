"""Operations call each other in a circle.

Why it is bad: the call would never end.

Example:

    operations: {a: {steps: {one: {call: b}}}, b: {steps: {two: {call: a}}}}

Use instead:

    operations: {a: {steps: {one: {call: b}}}, b: {request: {method: GET, path: /b}}}
"""
