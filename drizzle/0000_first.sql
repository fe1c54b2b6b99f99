CREATE TABLE "approvals" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"pull_request_id" bigint NOT NULL,
	"review_id" bigint NOT NULL,
	"reviewer" text NOT NULL,
	"reviewer_id" bigint NOT NULL,
	"sha" text NOT NULL,
	"state" text NOT NULL,
	"body" text DEFAULT '' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "approvals_review" UNIQUE("pull_request_id","review_id")
);
--> statement-breakpoint
CREATE TABLE "decisions" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"action" text NOT NULL,
	"reasons" jsonb NOT NULL,
	"words" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"delivery_id" text PRIMARY KEY NOT NULL,
	"event" text NOT NULL,
	"payload" text NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"state" text DEFAULT 'stored' NOT NULL,
	"note" text
);
--> statement-breakpoint
CREATE TABLE "dependencies" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"dependent_id" bigint NOT NULL,
	"repository" text NOT NULL,
	"issue_number" integer NOT NULL,
	"source" text NOT NULL,
	"blocker" text NOT NULL,
	CONSTRAINT "dependencies_edge" UNIQUE("dependent_id","repository","issue_number","source")
);
--> statement-breakpoint
CREATE TABLE "effects" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"system_id" bigint NOT NULL,
	"work_item_id" bigint,
	"payload" jsonb NOT NULL,
	"rank" integer DEFAULT 5 NOT NULL,
	"state" text DEFAULT 'wanted' NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	"published" integer DEFAULT 0 NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"claimed_by" text,
	"not_before" timestamp with time zone DEFAULT now() NOT NULL,
	"result" jsonb,
	"error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"done_at" timestamp with time zone,
	CONSTRAINT "effects_key_unique" UNIQUE("key")
);
--> statement-breakpoint
CREATE TABLE "gate_results" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"sha" text NOT NULL,
	"gate" text NOT NULL,
	"verdict" text NOT NULL,
	"summary" text NOT NULL,
	"log" text DEFAULT '' NOT NULL,
	"milliseconds" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "gate_results_once" UNIQUE("work_item_id","sha","gate")
);
--> statement-breakpoint
CREATE TABLE "handled" (
	"key" text PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "instances" (
	"id" text PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"pid" integer NOT NULL,
	"pid_start_time" text NOT NULL,
	"heartbeat_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "journal" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"system_id" bigint NOT NULL,
	"work_item_id" bigint,
	"at" timestamp with time zone NOT NULL,
	"actor" text NOT NULL,
	"what" text NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "locks" (
	"name" text PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pull_requests" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"system_id" bigint NOT NULL,
	"work_item_id" bigint NOT NULL,
	"number" integer NOT NULL,
	"url" text NOT NULL,
	"head_sha" text NOT NULL,
	"base_branch" text NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"merged_sha" text,
	"merge_requested_by" text,
	"merge_requested_by_id" bigint,
	"merge_sha" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pull_requests_number" UNIQUE("system_id","number")
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"attempt" integer NOT NULL,
	"agent" text NOT NULL,
	"stage" text DEFAULT 'waiting' NOT NULL,
	"outcome" text,
	"failure_class" text,
	"signature" text,
	"feedback" text DEFAULT '' NOT NULL,
	"lesson" text DEFAULT '' NOT NULL,
	"next_clean" boolean DEFAULT false NOT NULL,
	"start_clean" boolean DEFAULT false NOT NULL,
	"counts" boolean DEFAULT true NOT NULL,
	"progress" text DEFAULT '' NOT NULL,
	"summary" text DEFAULT '' NOT NULL,
	"stop" text,
	"sandboxed" boolean DEFAULT false NOT NULL,
	"lease_owner" text,
	"lease_epoch" integer DEFAULT 0 NOT NULL,
	"heartbeat_at" timestamp with time zone,
	"base_sha" text,
	"head_sha" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	CONSTRAINT "runs_attempt" UNIQUE("work_item_id","attempt")
);
--> statement-breakpoint
CREATE TABLE "systems" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"repository_id" bigint NOT NULL,
	"full_name" text NOT NULL,
	"private" boolean DEFAULT true NOT NULL,
	"installation_id" bigint NOT NULL,
	"clone_url" text NOT NULL,
	"default_branch" text NOT NULL,
	"state" text DEFAULT 'active' NOT NULL,
	"settings" jsonb,
	"settings_sha" text,
	"settings_error" text,
	"moves" integer DEFAULT 1 NOT NULL,
	"fetched" integer DEFAULT 0 NOT NULL,
	"journal_hash" text DEFAULT '' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "systems_repository_id_unique" UNIQUE("repository_id")
);
--> statement-breakpoint
CREATE TABLE "work_items" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"system_id" bigint NOT NULL,
	"issue_number" integer NOT NULL,
	"title" text NOT NULL,
	"body" text DEFAULT '' NOT NULL,
	"url" text DEFAULT '' NOT NULL,
	"state" text NOT NULL,
	"before" text,
	"reason" text DEFAULT '' NOT NULL,
	"requested_by" text NOT NULL,
	"requested_by_id" bigint NOT NULL,
	"priority" integer DEFAULT 2 NOT NULL,
	"effort" text,
	"module" text NOT NULL,
	"native_blockers" integer,
	"branch" text NOT NULL,
	"base_branch" text NOT NULL,
	"head_sha" text,
	"protected_allowed_sha" text,
	"reply" text,
	"fresh_since" bigint,
	"not_before" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"done_at" timestamp with time zone,
	CONSTRAINT "work_items_issue" UNIQUE("system_id","issue_number"),
	CONSTRAINT "work_items_branch" UNIQUE("system_id","branch")
);
--> statement-breakpoint
CREATE TABLE "worktrees" (
	"work_item_id" bigint PRIMARY KEY NOT NULL,
	"path" text NOT NULL,
	"branch" text NOT NULL,
	"base_sha" text NOT NULL,
	"rescue_ref" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"removed_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_pull_request_id_pull_requests_id_fk" FOREIGN KEY ("pull_request_id") REFERENCES "public"."pull_requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "decisions" ADD CONSTRAINT "decisions_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dependencies" ADD CONSTRAINT "dependencies_dependent_id_work_items_id_fk" FOREIGN KEY ("dependent_id") REFERENCES "public"."work_items"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "effects" ADD CONSTRAINT "effects_system_id_systems_id_fk" FOREIGN KEY ("system_id") REFERENCES "public"."systems"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "effects" ADD CONSTRAINT "effects_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "gate_results" ADD CONSTRAINT "gate_results_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal" ADD CONSTRAINT "journal_system_id_systems_id_fk" FOREIGN KEY ("system_id") REFERENCES "public"."systems"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pull_requests" ADD CONSTRAINT "pull_requests_system_id_systems_id_fk" FOREIGN KEY ("system_id") REFERENCES "public"."systems"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pull_requests" ADD CONSTRAINT "pull_requests_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "work_items" ADD CONSTRAINT "work_items_system_id_systems_id_fk" FOREIGN KEY ("system_id") REFERENCES "public"."systems"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "worktrees" ADD CONSTRAINT "worktrees_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "decisions_item" ON "decisions" USING btree ("work_item_id","id");--> statement-breakpoint
CREATE INDEX "deliveries_received" ON "deliveries" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "dependencies_blocker" ON "dependencies" USING btree ("repository","issue_number");--> statement-breakpoint
CREATE INDEX "effects_wanted" ON "effects" USING btree ("state","not_before");--> statement-breakpoint
CREATE INDEX "journal_system" ON "journal" USING btree ("system_id","id");--> statement-breakpoint
CREATE INDEX "runs_stage" ON "runs" USING btree ("stage");--> statement-breakpoint
CREATE INDEX "work_items_state" ON "work_items" USING btree ("state");