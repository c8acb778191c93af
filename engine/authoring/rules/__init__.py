"""Every code of `tolmach check`, one file each: its docstring is its page, what else it holds is its rule.

`SEVERITY` ("error" where it is absent), `check(view)` for what is found in a file that can be read, and `fix(problem)`
where what is wrong can be mended safely.
"""
