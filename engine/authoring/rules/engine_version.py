"""The connector asks for another version of the language.

Why it is bad: what a later language means by a key, this engine cannot know.

Example:

    engine: ">=9.0"

Use instead:

    engine: ">=1.0"
"""
