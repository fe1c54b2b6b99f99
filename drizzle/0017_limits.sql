CREATE TABLE "api_limits" (
	"name" text PRIMARY KEY NOT NULL,
	"paused_until" timestamp with time zone DEFAULT 'epoch' NOT NULL,
	"writes" timestamp with time zone[] DEFAULT '{}' NOT NULL,
	"reads" timestamp with time zone[] DEFAULT '{}' NOT NULL
);
--> statement-breakpoint
ALTER TABLE "effects" ADD COLUMN "attempted_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "idempotency_keys_created" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "effects_done" ON "effects" USING btree ("done_at") WHERE "effects"."state" = 'done';--> statement-breakpoint
CREATE INDEX "gate_results_created" ON "gate_results" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "runs_ended" ON "runs" USING btree ("ended_at");--> statement-breakpoint
CREATE INDEX "decisions_created" ON "decisions" USING btree ("created_at");