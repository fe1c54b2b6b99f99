CREATE TABLE "footprints" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"path" text NOT NULL,
	"source" text NOT NULL,
	CONSTRAINT "footprints_path" UNIQUE("work_item_id","source","path")
);
--> statement-breakpoint
CREATE TABLE "plans" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"version" integer NOT NULL,
	"kind" text NOT NULL,
	"content" jsonb NOT NULL,
	"amendment" text DEFAULT '' NOT NULL,
	"text_digest" text NOT NULL,
	"confidence" double precision NOT NULL,
	"state" text DEFAULT 'proposed' NOT NULL,
	"decided_by" text,
	"decided_by_id" bigint,
	"why" text DEFAULT '' NOT NULL,
	"run_id" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"decided_at" timestamp with time zone,
	CONSTRAINT "plans_version" UNIQUE("work_item_id","version")
);
--> statement-breakpoint
CREATE TABLE "questions" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"round" integer NOT NULL,
	"asked" jsonb NOT NULL,
	"answer" text,
	"answered_by" text,
	"answered_by_id" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"answered_at" timestamp with time zone,
	CONSTRAINT "questions_round" UNIQUE("work_item_id","round")
);
--> statement-breakpoint
ALTER TABLE "dependencies" ADD COLUMN "position" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "dependencies" ADD COLUMN "heading" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "purpose" text DEFAULT 'build' NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "submission" jsonb;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "labels" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "kind" text DEFAULT 'task' NOT NULL;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "planned_hours" double precision;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "loop" text DEFAULT 'engineering-loop' NOT NULL;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "routing" jsonb;--> statement-breakpoint
ALTER TABLE "footprints" ADD CONSTRAINT "footprints_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "plans" ADD CONSTRAINT "plans_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "plans" ADD CONSTRAINT "plans_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "questions" ADD CONSTRAINT "questions_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;