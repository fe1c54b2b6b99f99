CREATE TABLE "proposal_rounds" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"wanted_by" text NOT NULL,
	"wanted_by_id" bigint,
	"state" text DEFAULT 'wanted' NOT NULL,
	"run_id" bigint,
	"starts" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "proposals" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"round_id" bigint NOT NULL,
	"number" integer NOT NULL,
	"title" text NOT NULL,
	"why" text NOT NULL,
	"source" jsonb NOT NULL,
	"size" text NOT NULL,
	"risk" text NOT NULL,
	"depends_on" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"adopted_by" text,
	"adopted_by_id" bigint,
	"queued" boolean DEFAULT false NOT NULL,
	"issue_number" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"decided_at" timestamp with time zone,
	CONSTRAINT "proposals_number" UNIQUE("work_item_id","number")
);
--> statement-breakpoint
ALTER TABLE "proposal_rounds" ADD CONSTRAINT "proposal_rounds_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "proposal_rounds" ADD CONSTRAINT "proposal_rounds_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "proposals" ADD CONSTRAINT "proposals_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "proposals" ADD CONSTRAINT "proposals_round_id_proposal_rounds_id_fk" FOREIGN KEY ("round_id") REFERENCES "public"."proposal_rounds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "proposal_rounds_open" ON "proposal_rounds" USING btree ("work_item_id") WHERE "proposal_rounds"."state" in ('wanted', 'running');