"""Texts kept by a key in several languages."""

from pathlib import Path


def up(migrator, db):  # type: ignore[no-untyped-def]
    for statement in Path(__file__).with_suffix('.sql').read_text().split(';\n'):
        if statement.strip():
            db.execute_sql(statement)
