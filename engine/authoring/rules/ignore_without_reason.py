"""A comment `tolmach: ignore[…]` does not say why.

Why it is bad: in a year nobody knows whether it was thought about. Without a reason nothing is silenced.

Example:

    settings: {region: string} # tolmach: ignore[setting-unused]

Use instead:

    settings: {region: string} # tolmach: ignore[setting-unused] the next release sends it
"""
