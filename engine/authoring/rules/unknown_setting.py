"""The connector has no such setting.

Why it is bad: a setting with a slip leaves the real one at its default.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k, siez: 5}}}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k, size: 5}}}}}
"""
