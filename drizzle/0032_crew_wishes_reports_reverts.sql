ALTER TABLE "pull_requests" ADD COLUMN "reverted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "pull_requests" ADD COLUMN "reverted_by" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "test_facts" jsonb;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "member_id" bigint;--> statement-breakpoint
CREATE INDEX "pull_requests_item" ON "pull_requests" USING btree ("work_item_id");--> statement-breakpoint
CREATE INDEX "audit_log_item" ON "audit_log" USING btree ("work_item_id","id");