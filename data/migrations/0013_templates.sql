CREATE TABLE "template" ("key" VARCHAR(255) NOT NULL, "language" VARCHAR(255) NOT NULL, "name" VARCHAR(255) NOT NULL, "text" TEXT NOT NULL, "media_id" VARCHAR(255), "created_at" INTEGER NOT NULL, "changed_at" INTEGER NOT NULL, PRIMARY KEY ("key", "language"));
CREATE INDEX "template_media_id" ON "template" ("media_id");
