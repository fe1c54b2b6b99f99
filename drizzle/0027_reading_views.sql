-- Read-only views for people who know these tables from other orchestrators; docs/database.md. A program that only reads may use
-- them: their columns stay when the tables behind them change.
CREATE VIEW "orchestrator_task" AS
SELECT r."full_name" || '#' || i."issue_number" AS "task_id",
	i."title" AS "title",
	coalesce(nullif(i."agent", ''), run."agent") AS "agent_type",
	CASE
		WHEN i."state" IN ('queued', 'planning', 'asking', 'plan-review', 'ready') THEN 'pending'
		WHEN i."state" IN ('running', 'checking', 'reviewing', 'approved', 'merging') THEN 'in_progress'
		WHEN i."state" = 'done' THEN 'completed'
		WHEN i."state" IN ('paused', 'held') THEN 'blocked'
		ELSE 'cancelled'
	END AS "status",
	i."state" AS "state",
	i."priority" AS "priority",
	i."module" AS "module",
	(SELECT w."path" FROM "worktrees" w WHERE w."work_item_id" = i."id" AND w."left_at" IS NULL AND w."removed_at" IS NULL
		ORDER BY w."id" DESC LIMIT 1) AS "worktree_path",
	i."requested_by" AS "assigned_by",
	i."created_at" AS "created_at",
	i."done_at" AS "completed_at"
FROM "work_items" i
JOIN "repositories" r ON r."id" = i."repository_id"
LEFT JOIN LATERAL (SELECT "agent" FROM "runs" WHERE "work_item_id" = i."id" ORDER BY "id" DESC LIMIT 1) run ON true
WHERE i."kind" = 'task';
--> statement-breakpoint
CREATE VIEW "agent_lifecycle" AS
SELECT run."id"::text AS "agent_id",
	run."agent" AS "agent_type",
	coalesce(run."member_name", '') AS "name",
	CASE
		WHEN run."stage" IN ('agent', 'gates') THEN 'running'
		WHEN run."stage" = 'waiting' THEN 'waiting'
		ELSE coalesce(run."outcome", 'ended')
	END AS "status",
	r."full_name" || '#' || i."issue_number" AS "task_id",
	CASE WHEN run."stage" <> 'ended' THEN p."pid" END AS "pid",
	run."heartbeat_at" AS "last_heartbeat",
	((run."health"->>'silentMs')::bigint / 1000)::integer AS "silent_seconds",
	(run."health"->>'cpuPercent')::double precision AS "cpu_percent",
	(run."health"->>'memory')::bigint AS "memory_bytes",
	run."health"->>'verdict' AS "health",
	run."started_at" AS "spawned_at",
	run."ended_at" AS "terminated_at"
FROM "runs" run
JOIN "work_items" i ON i."id" = run."work_item_id"
JOIN "repositories" r ON r."id" = i."repository_id"
LEFT JOIN "processes" p ON p."id" = run."process_id"
WHERE run."agent" NOT IN ('person', 'git');
--> statement-breakpoint
CREATE VIEW "agent_message" AS
SELECT m."id" AS "message_id",
	m."from_name" AS "from_agent",
	coalesce(reader."name", m."to_name") AS "to_agent",
	CASE WHEN m."from_member_id" IS NULL THEN 'person' ELSE 'agent' END AS "message_type",
	m."channel" AS "channel",
	m."text" AS "content",
	d."state" AS "status",
	d."attempts" AS "attempts",
	m."created_at" AS "created_at",
	d."updated_at" AS "updated_at"
FROM "messages" m
JOIN "message_deliveries" d ON d."message_id" = m."id"
LEFT JOIN "crew_members" reader ON reader."id" = d."member_id";
--> statement-breakpoint
CREATE VIEW "git_worktree_tracker" AS
SELECT w."id" AS "worktree_id",
	r."full_name" || '#' || i."issue_number" AS "task_id",
	w."branch" AS "branch_name",
	w."path" AS "worktree_path",
	CASE
		WHEN w."removed_at" IS NOT NULL THEN 'removed'
		WHEN w."left_at" IS NOT NULL THEN 'left'
		WHEN w."run_id" IS NOT NULL THEN 'active'
		ELSE 'idle'
	END AS "status",
	w."rescue_ref" AS "rescue_ref",
	w."created_at" AS "created_at",
	w."removed_at" AS "removed_at"
FROM "worktrees" w
JOIN "work_items" i ON i."id" = w."work_item_id"
JOIN "repositories" r ON r."id" = i."repository_id";
--> statement-breakpoint
CREATE VIEW "specs_task_dependency" AS
SELECT DISTINCT coalesce(b."full_name", d."repository") || '#' || d."issue_number" AS "blocking_task_id",
	r."full_name" || '#' || i."issue_number" AS "dependent_task_id",
	d."blocker" AS "blocker",
	d."blocker" = 'closed' AS "satisfied"
FROM "dependencies" d
JOIN "work_items" i ON i."id" = d."dependent_id"
JOIN "repositories" r ON r."id" = i."repository_id"
LEFT JOIN "repositories" b ON lower(b."full_name") = d."repository"
WHERE i."kind" = 'task';
--> statement-breakpoint
CREATE VIEW "agent_restart_log" AS
SELECT s."id" AS "restart_id",
	s."run_id"::text AS "agent_id",
	s."agent" AS "agent_type",
	r."full_name" || '#' || i."issue_number" AS "task_id",
	s."reason" AS "reason",
	s."attempt" AS "attempt_number",
	s."after_ms" AS "backoff_ms",
	s."created_at" AS "restarted_at"
FROM "restarts" s
JOIN "work_items" i ON i."id" = s."work_item_id"
JOIN "repositories" r ON r."id" = i."repository_id";
