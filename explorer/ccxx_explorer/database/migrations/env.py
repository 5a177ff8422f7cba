"""Run by alembic for every step: on the connection, and in the transaction, of the caller."""

from alembic import context

from ccxx_explorer.database.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
