CREATE TABLE "outlooks" (
	"system_id" bigint PRIMARY KEY NOT NULL,
	"content" jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "decisions" ADD COLUMN "leverage" jsonb;--> statement-breakpoint
ALTER TABLE "decisions" ADD COLUMN "standing" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "outlooks" ADD CONSTRAINT "outlooks_system_id_systems_id_fk" FOREIGN KEY ("system_id") REFERENCES "public"."systems"("id") ON DELETE no action ON UPDATE no action;