ALTER TABLE "effects" ADD COLUMN "claim_epoch" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "effects" ADD COLUMN "claimed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "process_id" text;--> statement-breakpoint
-- An item may have several: one that was left to an agent which lost its lease, and the one of the next attempt.
ALTER TABLE "worktrees" DROP CONSTRAINT "worktrees_pkey";--> statement-breakpoint
ALTER TABLE "worktrees" ADD COLUMN "id" bigserial PRIMARY KEY NOT NULL;--> statement-breakpoint
ALTER TABLE "worktrees" ADD COLUMN "run_id" bigint;--> statement-breakpoint
ALTER TABLE "worktrees" ADD COLUMN "left_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "worktrees_item" ON "worktrees" USING btree ("work_item_id");
