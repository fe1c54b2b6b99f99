ALTER TABLE "messages" ADD COLUMN "awaited_by" bigint;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "await_ended_at" timestamp with time zone;