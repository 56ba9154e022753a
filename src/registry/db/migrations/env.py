"""Alembic's entry: runs the migrations on the connection that `migrate.upgrade` hands over."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes.get("metadata"),
    render_as_batch=True,
    # the indexes that differ are made by hand; see the first migration
    include_object=lambda item, *_: "dialect" not in getattr(item, "info", {}),
)
with context.begin_transaction():
    context.run_migrations()
