ALTER TABLE "repositories" ADD COLUMN "shut_down_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "stop_gracefully" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "work_items_queue" ON "work_items" USING btree ("repository_id","state","priority","issue_number") WHERE "work_items"."kind" = 'task';--> statement-breakpoint
CREATE INDEX "work_items_done" ON "work_items" USING btree ("repository_id","done_at","id") WHERE "work_items"."kind" = 'task' and "work_items"."state" = 'done';