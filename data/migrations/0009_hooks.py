"""Hooks, what they were told, and what is not to be done twice."""

STATEMENTS = (
    """CREATE TABLE "hook" (
  "id" VARCHAR(255) NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "key_hash" VARCHAR(255) NOT NULL,
  "sealed" TEXT NOT NULL, "auth" TEXT NOT NULL, "map" TEXT NOT NULL, "enabled" INTEGER NOT NULL,
  "respond" VARCHAR(255) NOT NULL, "per_minute" INTEGER NOT NULL, "allow_from" TEXT NOT NULL,
  "once" TEXT NOT NULL, "previous_until" INTEGER, "created_at" INTEGER NOT NULL,
  "changed_at" INTEGER NOT NULL)""",
    'CREATE UNIQUE INDEX "hook_key_hash" ON "hook" ("key_hash")',
    """CREATE TABLE "hook_event" (
  "id" VARCHAR(255) NOT NULL PRIMARY KEY, "hook_id" VARCHAR(255) NOT NULL,
  "origin" VARCHAR(255) NOT NULL, "state" VARCHAR(255) NOT NULL, "at" INTEGER NOT NULL, "due_at" INTEGER,
  "settled_at" INTEGER, "ip" VARCHAR(255) NOT NULL, "content_type" VARCHAR(255) NOT NULL,
  "headers" TEXT NOT NULL, "query" TEXT NOT NULL, "body" BLOB NOT NULL, "wishes" TEXT,
  "results" TEXT NOT NULL, "skip" TEXT NOT NULL, "error" TEXT NOT NULL, "repeats" INTEGER NOT NULL,
  "replay_of" VARCHAR(255), FOREIGN KEY ("hook_id") REFERENCES "hook" ("id") ON DELETE CASCADE)""",
    'CREATE INDEX "hook_event_at" ON "hook_event" ("at")',
    'CREATE INDEX "hook_event_hook_id_id" ON "hook_event" ("hook_id", "id")',
    'CREATE INDEX "hook_event_due" ON "hook_event" ("due_at") WHERE due_at IS NOT NULL',
    """CREATE TABLE "hook_once" (
  "id" INTEGER NOT NULL PRIMARY KEY, "hook_id" VARCHAR(255) NOT NULL, "key" VARCHAR(255) NOT NULL,
  "event" VARCHAR(255) NOT NULL, "until" INTEGER NOT NULL,
  FOREIGN KEY ("hook_id") REFERENCES "hook" ("id") ON DELETE CASCADE)""",
    'CREATE INDEX "hook_once_until" ON "hook_once" ("until")',
    'CREATE UNIQUE INDEX "hook_once_hook_id_key" ON "hook_once" ("hook_id", "key")',
)


def up(migrator, db):  # type: ignore[no-untyped-def]
    for statement in STATEMENTS:
        db.execute_sql(statement)
