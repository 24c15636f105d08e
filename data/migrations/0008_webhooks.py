"""The tables of webhooks and their deliveries."""

from pathlib import Path


def up(migrator, db):  # type: ignore[no-untyped-def]
    for statement in Path(__file__).with_suffix('.sql').read_text().split(';\n'):
        if statement.strip():
            db.execute_sql(statement)
