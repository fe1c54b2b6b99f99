-- Tables, columns and values get the field's words; every row stays. 
ALTER TABLE "systems" RENAME TO "repositories";--> statement-breakpoint
ALTER TABLE "repositories" RENAME COLUMN "repository_id" TO "github_id";--> statement-breakpoint
ALTER TABLE "repositories" RENAME COLUMN "moves" TO "remote_revision";--> statement-breakpoint
ALTER TABLE "repositories" RENAME COLUMN "fetched" TO "fetched_revision";--> statement-breakpoint
ALTER TABLE "repositories" RENAME COLUMN "journal_hash" TO "audit_hash";--> statement-breakpoint
ALTER TABLE "repositories" RENAME CONSTRAINT "systems_repository_id_unique" TO "repositories_github_id_unique";--> statement-breakpoint
ALTER TABLE "work_items" RENAME COLUMN "system_id" TO "repository_id";--> statement-breakpoint
ALTER TABLE "work_items" RENAME COLUMN "quiet" TO "muted";--> statement-breakpoint
ALTER TABLE "work_items" RENAME COLUMN "before" TO "resume_state";--> statement-breakpoint
ALTER TABLE "work_items" RENAME COLUMN "seen_text" TO "body_digest";--> statement-breakpoint
ALTER TABLE "work_items" RENAME COLUMN "rounds_before" TO "planning_rounds_offset";--> statement-breakpoint
ALTER TABLE "work_items" RENAME CONSTRAINT "work_items_system_id_systems_id_fk" TO "work_items_repository_id_repositories_id_fk";--> statement-breakpoint
UPDATE "work_items" SET "state" = 'plan-review' WHERE "state" = 'proposed';--> statement-breakpoint
UPDATE "work_items" SET "resume_state" = 'plan-review' WHERE "resume_state" = 'proposed';--> statement-breakpoint
ALTER TABLE "runs" RENAME COLUMN "next_clean" TO "next_clean_worktree";--> statement-breakpoint
ALTER TABLE "runs" RENAME COLUMN "start_clean" TO "clean_worktree";--> statement-breakpoint
ALTER TABLE "runs" RENAME COLUMN "counts" TO "counts_as_attempt";--> statement-breakpoint
UPDATE "gate_results" SET "verdict" = 'needs-approval' WHERE "verdict" = 'wait';--> statement-breakpoint
ALTER TABLE "pull_requests" RENAME COLUMN "system_id" TO "repository_id";--> statement-breakpoint
ALTER TABLE "pull_requests" RENAME CONSTRAINT "pull_requests_system_id_systems_id_fk" TO "pull_requests_repository_id_repositories_id_fk";--> statement-breakpoint
ALTER TABLE "effects" RENAME COLUMN "system_id" TO "repository_id";--> statement-breakpoint
ALTER TABLE "effects" RENAME COLUMN "rank" TO "priority";--> statement-breakpoint
ALTER TABLE "effects" RENAME CONSTRAINT "effects_system_id_systems_id_fk" TO "effects_repository_id_repositories_id_fk";--> statement-breakpoint
ALTER INDEX "effects_wanted" RENAME TO "effects_pending";--> statement-breakpoint
ALTER TABLE "effects" ALTER COLUMN "state" SET DEFAULT 'pending';--> statement-breakpoint
UPDATE "effects" SET "state" = 'pending' WHERE "state" = 'wanted';--> statement-breakpoint
UPDATE "effects" SET "state" = 'in_progress' WHERE "state" = 'doing';--> statement-breakpoint
UPDATE "effects" SET "kind" = 'scoped-label' WHERE "kind" = 'family-label';--> statement-breakpoint
UPDATE "effects" SET "payload" = jsonb_build_object('origin', CASE
  WHEN "key" LIKE 'create:goal:%' THEN 'goal'
  WHEN "key" LIKE 'create:plan:%' THEN 'plan-part'
  ELSE 'roadmap-line' END) || "payload" WHERE "kind" = 'create-issue';--> statement-breakpoint
ALTER TABLE "changes" RENAME TO "dirty_items";--> statement-breakpoint
ALTER TABLE "dirty_items" RENAME COLUMN "look" TO "pass";--> statement-breakpoint
ALTER INDEX "changes_look" RENAME TO "dirty_items_pass";--> statement-breakpoint
CREATE OR REPLACE FUNCTION tutti_item_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dirty_items (work_item_id) SELECT id FROM touched;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE OR REPLACE FUNCTION tutti_edge_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dirty_items (work_item_id) SELECT DISTINCT dependent_id FROM touched;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE OR REPLACE FUNCTION tutti_footprint_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dirty_items (work_item_id) SELECT DISTINCT work_item_id FROM touched;
  RETURN NULL;
END $$;--> statement-breakpoint
ALTER TABLE "instances" RENAME TO "processes";--> statement-breakpoint
ALTER TABLE "journal" RENAME TO "audit_log";--> statement-breakpoint
ALTER TABLE "audit_log" RENAME COLUMN "system_id" TO "repository_id";--> statement-breakpoint
ALTER TABLE "audit_log" RENAME CONSTRAINT "journal_system_id_systems_id_fk" TO "audit_log_repository_id_repositories_id_fk";--> statement-breakpoint
ALTER INDEX "journal_system" RENAME TO "audit_log_repository";--> statement-breakpoint
ALTER TABLE "handled" RENAME TO "idempotency_keys";--> statement-breakpoint
UPDATE "plans" SET "state" = 'pending' WHERE "state" = 'proposed';--> statement-breakpoint
ALTER TABLE "plans" ALTER COLUMN "state" SET DEFAULT 'pending';--> statement-breakpoint
ALTER TABLE "decisions" RENAME COLUMN "words" TO "explanation";--> statement-breakpoint
ALTER TABLE "decisions" RENAME COLUMN "standing" TO "rank";--> statement-breakpoint
ALTER TABLE "outlooks" RENAME TO "schedule_reports";--> statement-breakpoint
ALTER TABLE "schedule_reports" RENAME COLUMN "system_id" TO "repository_id";--> statement-breakpoint
ALTER TABLE "schedule_reports" RENAME CONSTRAINT "outlooks_system_id_systems_id_fk" TO "schedule_reports_repository_id_repositories_id_fk";--> statement-breakpoint
ALTER TABLE "usage" RENAME COLUMN "system_id" TO "repository_id";--> statement-breakpoint
ALTER TABLE "usage" RENAME CONSTRAINT "usage_system_id_systems_id_fk" TO "usage_repository_id_repositories_id_fk";
