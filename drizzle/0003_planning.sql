ALTER TABLE "runs" DROP CONSTRAINT "runs_attempt";--> statement-breakpoint
ALTER TABLE "plans" ADD COLUMN "rewritten" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_attempt" UNIQUE("work_item_id","purpose","attempt");