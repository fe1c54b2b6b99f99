CREATE TABLE "commit_packs" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"sha" text NOT NULL,
	"pack" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "commit_packs_sha" UNIQUE("repository_id","sha")
);
--> statement-breakpoint
ALTER TABLE "processes" ADD COLUMN "role" text DEFAULT 'all' NOT NULL;--> statement-breakpoint
ALTER TABLE "processes" ADD COLUMN "place" text;--> statement-breakpoint
ALTER TABLE "processes" ADD COLUMN "slots" integer;--> statement-breakpoint
ALTER TABLE "processes" ADD COLUMN "free_memory" bigint;--> statement-breakpoint
ALTER TABLE "worktrees" ADD COLUMN "place" text;--> statement-breakpoint
ALTER TABLE "commit_packs" ADD CONSTRAINT "commit_packs_repository_id_repositories_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repositories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commit_packs_created" ON "commit_packs" USING btree ("created_at");