ALTER TABLE "work_items" ADD COLUMN "epic" jsonb;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "quiet" boolean DEFAULT false NOT NULL;