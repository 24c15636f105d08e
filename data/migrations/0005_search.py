"""The index of words, and what keeps it right when a message is changed or deleted.

New messages are not added by a trigger: data/search.py takes many at once, beside the busy path.
"""

STATEMENTS = (
    """CREATE VIRTUAL TABLE "message_fts" USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER "message_fts_deleted" AFTER DELETE ON "message" WHEN OLD.indexed > 0 BEGIN
  DELETE FROM message_fts WHERE rowid = OLD.indexed;
END""",
    """CREATE TRIGGER "message_fts_changed" AFTER UPDATE OF text ON "message" WHEN OLD.indexed IS NOT NULL BEGIN
  DELETE FROM message_fts WHERE rowid = OLD.indexed;
  UPDATE message SET indexed = NULL WHERE id = NEW.id;
END""",
)


def up(migrator, db):  # type: ignore[no-untyped-def]
    for statement in STATEMENTS:
        db.execute_sql(statement)
