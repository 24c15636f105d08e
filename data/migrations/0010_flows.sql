ALTER TABLE "contact" ADD COLUMN "vars" TEXT NOT NULL DEFAULT '{}';
ALTER TABLE "contact" ADD COLUMN "language" VARCHAR(255) NOT NULL DEFAULT '';
ALTER TABLE "contact" ADD COLUMN "zone" VARCHAR(255) NOT NULL DEFAULT '';
DROP INDEX "run_flow";
DROP INDEX "run_message";
DROP INDEX "run_chat";
DROP INDEX "run_flow_state_id";
ALTER TABLE "run" RENAME TO "run_before";
ALTER TABLE "flow" RENAME TO "flow_before";
CREATE TABLE "flow" ("key" VARCHAR(255) NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "source" TEXT NOT NULL, "document" TEXT NOT NULL, "enabled" INTEGER NOT NULL, "priority" INTEGER NOT NULL, "version" INTEGER NOT NULL, "published" INTEGER, "problem" TEXT NOT NULL, "created_at" INTEGER NOT NULL, "changed_at" INTEGER NOT NULL);
CREATE TABLE "flow_version" ("flow_id" VARCHAR(255) NOT NULL, "version" INTEGER NOT NULL, "source" TEXT NOT NULL, "document" TEXT NOT NULL, "published_at" INTEGER NOT NULL, "published_by" VARCHAR(255) NOT NULL, PRIMARY KEY ("flow_id", "version"), FOREIGN KEY ("flow_id") REFERENCES "flow" ("key") ON DELETE CASCADE);
CREATE TABLE "run" ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "flow" VARCHAR(255), "version" INTEGER NOT NULL, "trigger" TEXT NOT NULL, "session" VARCHAR(255), "message" VARCHAR(255), "chat" VARCHAR(255), "contact" VARCHAR(255), "state" VARCHAR(255) NOT NULL, "detail" TEXT NOT NULL, "steps" TEXT NOT NULL, "scope" VARCHAR(255) NOT NULL, "correlation" VARCHAR(255) NOT NULL, "parent" VARCHAR(255), "depth" INTEGER NOT NULL, "position" VARCHAR(255) NOT NULL, "variables" TEXT NOT NULL, "loops" TEXT NOT NULL, "taken" INTEGER NOT NULL, "turn" INTEGER NOT NULL, "wait_kind" VARCHAR(255) NOT NULL, "wait_key" VARCHAR(255) NOT NULL, "resume_at" INTEGER, "woken" TEXT, "started_at" INTEGER NOT NULL, "expires_at" INTEGER, "finished_at" INTEGER);
CREATE INDEX "run_message" ON "run" ("message");
CREATE INDEX "run_flow_state_id" ON "run" ("flow", "state", "id");
CREATE INDEX "run_flow_contact_id" ON "run" ("flow", "contact", "id");
CREATE INDEX "run_chat_id" ON "run" ("chat", "id");
CREATE INDEX "run_state_id" ON "run" ("state", "id");
CREATE INDEX "run_due" ON "run" ("resume_at") WHERE state = 'waiting';
CREATE INDEX "run_waits" ON "run" ("wait_kind", "wait_key") WHERE state = 'waiting';
CREATE INDEX "run_open" ON "run" ("flow", "scope", "id") WHERE state IN ('queued', 'running', 'waiting');
CREATE TABLE "contact_tag" ("contact_id" VARCHAR(255) NOT NULL, "tag" VARCHAR(255) NOT NULL, PRIMARY KEY ("contact_id", "tag"), FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE);
CREATE INDEX "contact_tag_tag" ON "contact_tag" ("tag");
CREATE TABLE "contact_group" ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "created_at" INTEGER NOT NULL);
CREATE UNIQUE INDEX "contact_group_name" ON "contact_group" ("name");
CREATE TABLE "contact_group_member" ("group_id" VARCHAR(255) NOT NULL, "contact_id" VARCHAR(255) NOT NULL, "added_at" INTEGER NOT NULL, PRIMARY KEY ("group_id", "contact_id"), FOREIGN KEY ("group_id") REFERENCES "contact_group" ("id") ON DELETE CASCADE, FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE);
CREATE INDEX "contact_group_member_contact_id" ON "contact_group_member" ("contact_id");
INSERT INTO "flow" ("key", "name", "source", "document", "enabled", "priority", "version", "published", "problem", "created_at", "changed_at")
  SELECT "key", "name", "document", "document", "enabled", "priority", "version", CASE WHEN "problem" = '' THEN "version" END, "problem", "created_at", "changed_at" FROM "flow_before";
INSERT INTO "flow_version" ("flow_id", "version", "source", "document", "published_at", "published_by")
  SELECT "key", "version", "document", "document", "changed_at", '' FROM "flow_before" WHERE "problem" = '';
INSERT INTO "run" ("id", "flow", "version", "trigger", "message", "chat", "state", "detail", "steps", "scope", "correlation", "depth", "position", "variables", "loops", "taken", "turn", "wait_kind", "wait_key", "started_at", "finished_at")
  SELECT "id", "flow", "version", '{}', "message", "chat", "state", "detail", "steps", '', '', 0, '', '{}', '{}', 0, 0, '', '', "started_at", "finished_at" FROM "run_before";
DROP TABLE "run_before";
DROP TABLE "flow_before";
