ALTER TABLE "runs" ADD COLUMN "log_tail" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "gate_results" ADD COLUMN "log_digest" text;--> statement-breakpoint
ALTER TABLE "repositories" ADD COLUMN "queue_labels" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
-- Settings that were read before there were these: everything that is stored has every key.
UPDATE "repositories" SET "settings" = "settings" || '{"setup": {"minutes": 20, "cache": {"key": [], "paths": []}}}'::jsonb WHERE "settings" IS NOT NULL AND NOT "settings" ? 'setup';--> statement-breakpoint
UPDATE "repositories" SET "settings" = jsonb_set("settings", '{gates,allowSecrets}', '[]'::jsonb) WHERE "settings" IS NOT NULL AND "settings" ? 'gates' AND NOT "settings" -> 'gates' ? 'allowSecrets';
