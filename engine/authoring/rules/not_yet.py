"""Comes with a later version of the engine.

Why it is bad: a key that is read and does nothing looks as if it worked.

Example:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}, embed: {}}}

Use instead:

    projects: {p: {connections: {crm: {connector: crm, settings: {key: k}}}}}
"""
