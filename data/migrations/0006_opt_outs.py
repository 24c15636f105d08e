"""Who opted out is listed with their names: each hash knows its contact, and which others belong to the same wish."""

import hashlib
from typing import Any

from ulid import ULID

STATEMENTS = (
    """CREATE TABLE "opt_out_new" ("who" VARCHAR(255) NOT NULL PRIMARY KEY, "wish" VARCHAR(255) NOT NULL,
"contact_id" VARCHAR(255), "source" VARCHAR(255) NOT NULL, "at" INTEGER NOT NULL,
FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE SET NULL)""",
    'DROP TABLE "opt_out"',
    'ALTER TABLE "opt_out_new" RENAME TO "opt_out"',
    'CREATE INDEX "opt_out_wish" ON "opt_out" ("wish")',
    'CREATE INDEX "opt_out_contact_id" ON "opt_out" ("contact_id")',
)


def up(migrator: Any, db: Any) -> None:
    rows = db.execute_sql('SELECT who, source, at FROM opt_out ORDER BY at').fetchall()
    for statement in STATEMENTS:
        db.execute_sql(statement)
    people = _people(db) if rows else {}
    wishes: dict[str, str] = {}
    for who, source, at in rows:
        contact = people.get(who)
        wish = wishes.setdefault(contact or who, str(ULID.from_timestamp(at / 1000)))
        db.execute_sql('INSERT INTO opt_out VALUES (?, ?, ?, ?, ?)', (who, wish, contact, source, at))


def _people(db: Any) -> dict[str, str]:
    """Hash of an address -> contact."""
    found = {}
    for id, phone, lid in db.execute_sql('SELECT id, phone, lid FROM contact'):
        for digits, server in ((phone, 's.whatsapp.net'), (lid, 'lid')):
            if digits:
                found[hashlib.sha256(f'{digits}@{server}'.encode()).hexdigest()] = id
    return found
