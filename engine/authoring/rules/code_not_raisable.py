"""An error rule names a code that a connector may not raise.

Why it is bad: some codes are the engine's own findings; a connector that raised them would send people astray.

Example:

    response: {errors: [{when: body.error, code: mapping_failed}]}

Use instead:

    response: {errors: [{when: body.error, code: upstream_rejected}]}
"""
