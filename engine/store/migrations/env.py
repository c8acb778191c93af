"""How alembic runs the migrations: on the connection, and in the transaction, of engine/store/migrate.py."""

from alembic import context

context.configure(**context.config.attributes)
context.run_migrations()
