-- What CI says about the heads of pull requests, and what was done about it.
CREATE TABLE "check_results" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"sha" text NOT NULL,
	"source" text NOT NULL,
	"name" text NOT NULL,
	"check_number" bigint NOT NULL,
	"verdict" text NOT NULL,
	"url" text,
	"failed_at" timestamp with time zone,
	"excerpt" text,
	"excerpt_of" bigint,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "check_results_once" UNIQUE("repository_id","sha","source","name")
);
--> statement-breakpoint
CREATE TABLE "ci_reports" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"sha" text NOT NULL,
	"heard_at" timestamp with time zone DEFAULT now() NOT NULL,
	"read_at" timestamp with time zone,
	"verdict" text DEFAULT 'pending' NOT NULL,
	"step" text DEFAULT 'none' NOT NULL,
	"about" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"rerun_of" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"rerun_at" timestamp with time zone,
	"reruns" integer DEFAULT 0 NOT NULL,
	"signature" text,
	"log_tail" text DEFAULT '' NOT NULL,
	"counts" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ci_reports_head" UNIQUE("work_item_id","sha")
);
--> statement-breakpoint
CREATE TABLE "required_checks" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"branch" text NOT NULL,
	"names" jsonb NOT NULL,
	"read_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "required_checks_branch" UNIQUE("repository_id","branch")
);
--> statement-breakpoint
ALTER TABLE "check_results" ADD CONSTRAINT "check_results_repository_id_repositories_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repositories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ci_reports" ADD CONSTRAINT "ci_reports_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "required_checks" ADD CONSTRAINT "required_checks_repository_id_repositories_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repositories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "check_results_name" ON "check_results" USING btree ("repository_id","name");--> statement-breakpoint
CREATE INDEX "check_results_updated" ON "check_results" USING btree ("updated_at");--> statement-breakpoint
-- Settings that were read before there were these: everything that is stored has every key.
UPDATE "repositories" SET "settings" = "settings" || '{"ci": {"settleSeconds": 30, "rerun": 1, "fix": true}}'::jsonb WHERE "settings" IS NOT NULL AND NOT "settings" ? 'ci';
