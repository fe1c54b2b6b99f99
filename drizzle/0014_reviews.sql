CREATE TABLE "review_comments" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"pull_request_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"github_id" bigint NOT NULL,
	"review_id" bigint,
	"thread_id" bigint,
	"author" text NOT NULL,
	"author_id" bigint NOT NULL,
	"may_write" boolean,
	"calls" boolean DEFAULT false NOT NULL,
	"path" text,
	"line" integer,
	"hunk" text DEFAULT '' NOT NULL,
	"sha" text,
	"body" text NOT NULL,
	"run_id" bigint,
	"place" integer,
	"answer" text,
	"settled" boolean,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "review_comments_once" UNIQUE("pull_request_id","kind","github_id")
);
--> statement-breakpoint
ALTER TABLE "pull_requests" ADD COLUMN "reply" text;--> statement-breakpoint
ALTER TABLE "review_comments" ADD CONSTRAINT "review_comments_pull_request_id_pull_requests_id_fk" FOREIGN KEY ("pull_request_id") REFERENCES "public"."pull_requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "review_comments" ADD CONSTRAINT "review_comments_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "review_comments_run" ON "review_comments" USING btree ("run_id");