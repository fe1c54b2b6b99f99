ALTER TABLE "work_items" ADD COLUMN "seen_text" text;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "rounds_before" integer DEFAULT 0 NOT NULL;