"""Flows may use secrets, and the runs that a run called are found."""

STATEMENTS = (
    """CREATE TABLE "flow_secret" ("name" VARCHAR(255) NOT NULL PRIMARY KEY, "sealed" TEXT NOT NULL, "created_at" INTEGER NOT NULL)""",  # noqa: E501
    """CREATE INDEX "run_parent" ON "run" ("parent") WHERE parent IS NOT NULL""",
)


def up(migrator, db):  # type: ignore[no-untyped-def]
    for statement in STATEMENTS:
        db.execute_sql(statement)
