"""Run the revisions on the connection that ``idp.store.schema`` hands over, inside its transaction."""

from alembic import context

from idp.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite too rolls DDL back; alembic leaves the transaction to us.
    transactional_ddl=True,
)
context.run_migrations()
