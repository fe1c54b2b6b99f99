CREATE TABLE "restarts" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"run_id" bigint NOT NULL,
	"work_item_id" bigint NOT NULL,
	"agent" text NOT NULL,
	"reason" text NOT NULL,
	"attempt" integer NOT NULL,
	"after_ms" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "restarts_run" UNIQUE("run_id")
);
--> statement-breakpoint
ALTER TABLE "repositories" ADD COLUMN "halted_because" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "peak_memory" bigint;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "health" jsonb;--> statement-breakpoint
ALTER TABLE "usage" ADD COLUMN "priced" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "replanned_since" bigint;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "replan_handoff" jsonb;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "agent" text;--> statement-breakpoint
ALTER TABLE "restarts" ADD CONSTRAINT "restarts_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "restarts" ADD CONSTRAINT "restarts_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "restarts_item" ON "restarts" USING btree ("work_item_id");--> statement-breakpoint
CREATE INDEX "restarts_created" ON "restarts" USING btree ("created_at");