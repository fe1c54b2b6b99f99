CREATE TABLE "changes" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"work_item_id" bigint NOT NULL,
	"look" bigint
);
--> statement-breakpoint
ALTER TABLE "locks" ADD COLUMN "turns" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "changes_look" ON "changes" USING btree ("look");--> statement-breakpoint
CREATE FUNCTION tutti_item_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changes (work_item_id) SELECT id FROM touched;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION tutti_edge_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changes (work_item_id) SELECT DISTINCT dependent_id FROM touched;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION tutti_footprint_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changes (work_item_id) SELECT DISTINCT work_item_id FROM touched;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER work_items_added AFTER INSERT ON work_items REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_item_changed();--> statement-breakpoint
CREATE TRIGGER work_items_changed AFTER UPDATE ON work_items REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_item_changed();--> statement-breakpoint
CREATE TRIGGER work_items_removed AFTER DELETE ON work_items REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_item_changed();--> statement-breakpoint
CREATE TRIGGER dependencies_added AFTER INSERT ON dependencies REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_edge_changed();--> statement-breakpoint
CREATE TRIGGER dependencies_changed AFTER UPDATE ON dependencies REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_edge_changed();--> statement-breakpoint
CREATE TRIGGER dependencies_removed AFTER DELETE ON dependencies REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_edge_changed();--> statement-breakpoint
CREATE TRIGGER footprints_added AFTER INSERT ON footprints REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_footprint_changed();--> statement-breakpoint
CREATE TRIGGER footprints_changed AFTER UPDATE ON footprints REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_footprint_changed();--> statement-breakpoint
CREATE TRIGGER footprints_removed AFTER DELETE ON footprints REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION tutti_footprint_changed();
