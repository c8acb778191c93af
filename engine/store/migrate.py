"""Bring the tables to the newest schema: all migrations in one transaction, by one process at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from engine.store.trouble import StoreError

HEAD: Final = "1.0_01"
"""The newest migration: the first version of tolmach that knows it, and a number."""
VERSION_TABLE: Final = "tolmach_schema"
MIGRATIONS: Final = "engine.store:migrations"
_ALONE: Final = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(1417440611)"}


def migrate(where: Path | str, dialect: str, connect: Callable[[], Any]) -> None:
    """Migrate what `connect` opens, if it is older. Raises StoreError where it is newer, and the driver's errors."""
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.util import CommandError
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    found = None
    try:
        with create_engine(f"{dialect}://", creator=connect, poolclass=NullPool).begin() as connection:
            connection.exec_driver_sql(_ALONE[connection.dialect.name])
            config.attributes |= {"connection": connection, "version_table": VERSION_TABLE}
            found = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
            command.upgrade(config, "head")
    except CommandError:  # it knows no migration of that name
        needed = f"use tolmach {(found or '').partition('_')[0]} or newer, or another store"
        raise StoreError("store_newer", where, f"its schema is {found}, of a newer tolmach", needed) from None
    except DBAPIError as error:
        raise error.orig or error from None
