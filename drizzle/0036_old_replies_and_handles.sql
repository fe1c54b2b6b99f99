CREATE TABLE "person_handles" (
	"repository_id" bigint NOT NULL,
	"person_id" bigint NOT NULL,
	"login" text NOT NULL,
	"handle" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "person_handles_repository_id_person_id_pk" PRIMARY KEY("repository_id","person_id")
);
--> statement-breakpoint
ALTER TABLE "pull_requests" ADD COLUMN "old_reply" text;--> statement-breakpoint
ALTER TABLE "work_items" ADD COLUMN "old_reply" text;--> statement-breakpoint
ALTER TABLE "person_handles" ADD CONSTRAINT "person_handles_repository_id_repositories_id_fk" FOREIGN KEY ("repository_id") REFERENCES "public"."repositories"("id") ON DELETE cascade ON UPDATE no action;