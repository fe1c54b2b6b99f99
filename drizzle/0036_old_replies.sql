ALTER TABLE "pull_requests" ADD COLUMN "old_reply" text;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "old_reply" text;