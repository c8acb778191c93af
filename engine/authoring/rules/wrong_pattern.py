"""A regular expression that cannot be compiled.

Patterns are RE2: no look-around and no back references, and so no pattern that takes forever.

Why it is bad: the input would be checked by nothing.

Example:

    settings: {host: {type: string, pattern: "^[a-z.+$"}}

Use instead:

    settings: {host: {type: string, pattern: "^[a-z.]+$"}}
"""
