CREATE TABLE "commit_packs" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"sha" text NOT NULL,
	"pack" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "commit_packs_sha" UNIQUE("repository_id","sha")
);
--> statement-breakpoint
CREATE TABLE "run_log_pieces" (
	"run_id" bigint NOT NULL,
	"at" bigint NOT NULL,
	"content" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "run_log_pieces_run_id_at_pk" PRIMARY KEY("run_id","at")
);
--> statement-breakpoint
ALTER TABLE "processes" ADD COLUMN "role" text DEFAULT 'all' NOT NULL;--> statement-breakpoint
ALTER TABLE "processes" ADD COLUMN "place" text;--> statement-breakpoint
ALTER TABLE "processes" ADD COLUMN "slots" integer;--> statement-breakpoint
ALTER TABLE "processes" ADD COLUMN "free_memory" bigint;--> statement-breakpoint
ALTER TABLE "worktrees" ADD COLUMN "place" text;--> statement-breakpoint
ALTER TABLE "commit_packs" ADD CONSTRAINT "commit_packs_repository_id_repositories_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repositories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_log_pieces" ADD CONSTRAINT "run_log_pieces_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commit_packs_created" ON "commit_packs" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "run_log_pieces_created" ON "run_log_pieces" USING btree ("created_at");