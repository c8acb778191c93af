"""A template is longer or deeper than allowed.

Why it is bad: one text of thousands of characters hides a body that should be a tree.

Example: an XML envelope written as one text with forty tags.

Use instead: `xml:`, `soap:` or `json:` with a tree, and `let` for what is computed.
"""
