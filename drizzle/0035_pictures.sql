CREATE TABLE "gate_pictures" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"sha" text NOT NULL,
	"gate" text NOT NULL,
	"name" text NOT NULL,
	"digest" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "gate_pictures_once" UNIQUE("work_item_id","sha","gate","name")
);
--> statement-breakpoint
CREATE TABLE "pictures" (
	"digest" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"content" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "gate_pictures" ADD CONSTRAINT "gate_pictures_work_item_id_work_items_id_fk" FOREIGN KEY ("work_item_id") REFERENCES "public"."work_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "gate_pictures" ADD CONSTRAINT "gate_pictures_digest_pictures_digest_fk" FOREIGN KEY ("digest") REFERENCES "public"."pictures"("digest") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "gate_pictures_digest" ON "gate_pictures" USING btree ("digest");--> statement-breakpoint
CREATE INDEX "gate_pictures_created" ON "gate_pictures" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "pictures_created" ON "pictures" USING btree ("created_at");