ALTER TABLE "runs" ADD COLUMN "ignored_files" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
-- Settings that were read before there were these: everything that is stored has every key.
UPDATE "repositories" SET "settings" = "settings" || '{"commits": {"verified": false, "signoff": false}}'::jsonb WHERE "settings" IS NOT NULL AND NOT "settings" ? 'commits';
