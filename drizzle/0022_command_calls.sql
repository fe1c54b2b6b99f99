CREATE TABLE "command_calls" (
	"caller" text NOT NULL,
	"key" text NOT NULL,
	"digest" text NOT NULL,
	"reply" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "command_calls_caller_key_pk" PRIMARY KEY("caller","key")
);
--> statement-breakpoint
CREATE INDEX "command_calls_created" ON "command_calls" USING btree ("created_at");