"""A comment `tolmach: ignore[…]` names what cannot be silenced.

Rules can be silenced: warnings, hints, matters of judgement. What the engine refuses to load cannot.

Why it is bad: the file would look checked and would not start.

Example:

    operations: {user: {request: {method: GTE, path: /user}}} # tolmach: ignore[wrong-value] the vendor's own method

Use instead:

    operations: {user: {request: {method: GET, path: /user}}}
"""
