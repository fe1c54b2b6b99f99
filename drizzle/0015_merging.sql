-- What leads to a merge: branches brought up to date, the merge queue with its batches, the forecast of conflicts.
CREATE TABLE "branch_updates" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"pull_request_id" bigint NOT NULL,
	"base_sha" text NOT NULL,
	"from_sha" text NOT NULL,
	"to_sha" text,
	"how" text NOT NULL,
	"paths" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "branch_updates_once" UNIQUE("pull_request_id","from_sha","base_sha")
);
--> statement-breakpoint
CREATE TABLE "forecasts" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"one_id" bigint NOT NULL,
	"other_id" bigint NOT NULL,
	"one_sha" text NOT NULL,
	"other_sha" text NOT NULL,
	"paths" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "forecasts_pair" UNIQUE("one_id","other_id")
);
--> statement-breakpoint
CREATE TABLE "merge_batches" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"base_branch" text NOT NULL,
	"base_sha" text NOT NULL,
	"base_tree" text NOT NULL,
	"members" jsonb NOT NULL,
	"state" text DEFAULT 'testing' NOT NULL,
	"log" text DEFAULT '' NOT NULL,
	"milliseconds" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "merge_queue" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"base_branch" text NOT NULL,
	"pull_request_id" bigint NOT NULL,
	"sha" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "merge_queue_once" UNIQUE("pull_request_id")
);
--> statement-breakpoint
ALTER TABLE "pull_requests" ADD COLUMN "held_by" text;--> statement-breakpoint
ALTER TABLE "pull_requests" ADD COLUMN "held_why" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "branch_updates" ADD CONSTRAINT "branch_updates_pull_request_id_pull_requests_id_fk" FOREIGN KEY ("pull_request_id") REFERENCES "public"."pull_requests"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "forecasts" ADD CONSTRAINT "forecasts_repository_id_repositories_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repositories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "forecasts" ADD CONSTRAINT "forecasts_one_id_work_items_id_fk" FOREIGN KEY ("one_id") REFERENCES "public"."work_items"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "forecasts" ADD CONSTRAINT "forecasts_other_id_work_items_id_fk" FOREIGN KEY ("other_id") REFERENCES "public"."work_items"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "merge_batches" ADD CONSTRAINT "merge_batches_repository_id_repositories_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repositories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "merge_queue" ADD CONSTRAINT "merge_queue_repository_id_repositories_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repositories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "merge_queue" ADD CONSTRAINT "merge_queue_pull_request_id_pull_requests_id_fk" FOREIGN KEY ("pull_request_id") REFERENCES "public"."pull_requests"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "forecasts_repository" ON "forecasts" USING btree ("repository_id");--> statement-breakpoint
CREATE INDEX "merge_batches_base" ON "merge_batches" USING btree ("repository_id","base_branch");--> statement-breakpoint
CREATE INDEX "merge_queue_base" ON "merge_queue" USING btree ("repository_id","base_branch");