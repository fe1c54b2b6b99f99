-- Deliveries that still wait are few among many; every process asks for them twice a minute.
CREATE INDEX "deliveries_stored" ON "deliveries" ("received_at") WHERE "state" = 'stored';
