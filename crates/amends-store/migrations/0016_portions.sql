-- What was planned straight into somebody's hands. Its messages get their lines in deliveries when it is known what became of
-- them, so that each is written once; until then all of them stand here together. A lease cannot end while it has one.
CREATE TABLE portions (
  first BIGINT PRIMARY KEY, size BIGINT NOT NULL, lease_id TEXT NOT NULL REFERENCES leases (id),
  broadcast_id TEXT NOT NULL REFERENCES broadcasts (id), channel TEXT NOT NULL, priority BIGINT NOT NULL, due_at BIGINT NOT NULL,
  planned_at BIGINT NOT NULL, messages TEXT NOT NULL
) STRICT_TABLE;
CREATE INDEX portions_by_lease ON portions (lease_id);
CREATE INDEX portions_by_broadcast ON portions (broadcast_id);
