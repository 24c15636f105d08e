"""Runs that are over for long are found."""


def up(migrator, db):  # type: ignore[no-untyped-def]
    db.execute_sql('CREATE INDEX "run_finished" ON "run" ("finished_at") WHERE finished_at IS NOT NULL')
