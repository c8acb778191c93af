"""Every statement of the store. Each is one operation, so that either database keeps it whole by itself."""

from typing import Final

from sqlalchemy import Dialect, text

_STATEMENTS: Final = {
    "get": "SELECT value, seal FROM tolmach_entries WHERE key = :key AND expires > :now",
    "put": """
        INSERT INTO tolmach_entries (key, value, seal, expires) VALUES (:key, :value, :seal, :expires)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, seal = excluded.seal, expires = excluded.expires
        RETURNING 1""",
    # PostgreSQL locks the lease too: nobody takes it between the look at it and the end of the statement
    "put_fenced": """
        INSERT INTO tolmach_entries (key, value, seal, expires)
        SELECT key, :value, :seal, :expires FROM tolmach_leases WHERE key = :key AND fence = :fence FOR SHARE
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, seal = excluded.seal, expires = excluded.expires
        RETURNING 1""",
    "delete": "DELETE FROM tolmach_entries WHERE key = :key",
    "purge": """
        DELETE FROM tolmach_entries WHERE expires <= :now
        AND key IN (SELECT key FROM tolmach_entries WHERE expires <= :now LIMIT 500) RETURNING 1""",
    "others": "SELECT key, value, seal FROM tolmach_entries WHERE seal NOT IN ('', :seal)",
    "reseal": "UPDATE tolmach_entries SET value = :value, seal = :seal WHERE key = :key AND value = :old RETURNING 1",
    "take": """
        INSERT INTO tolmach_leases (key, holder, fence, until) VALUES (:key, :holder, 1, :until)
        ON CONFLICT (key) DO UPDATE
        SET holder = excluded.holder, fence = tolmach_leases.fence + 1, until = excluded.until
        WHERE tolmach_leases.until <= :now RETURNING fence""",
    "renew": """
        UPDATE tolmach_leases SET until = :until WHERE key = :key AND fence = :fence AND until > :now RETURNING 1""",
    "give_back": "UPDATE tolmach_leases SET fence = fence + 1, until = 0 WHERE key = :key AND fence = :fence",
}


def compiled(dialect: Dialect) -> dict[str, str]:
    """The text of each statement by its name; its parameters bear names."""
    made = {name: str(text(sql).compile(dialect=dialect)) for name, sql in _STATEMENTS.items()}
    return {name: sql.replace("FOR SHARE", "") if dialect.name == "sqlite" else sql for name, sql in made.items()}
