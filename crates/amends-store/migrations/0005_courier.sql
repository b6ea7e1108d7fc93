-- Who wants to hear. One row for each channel and address, kept when they leave, so that an import does not bring them back.
CREATE TABLE subscribers (
  id TEXT PRIMARY KEY, channel TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL, everything BIGINT NOT NULL,
  origin TEXT NOT NULL, created_at BIGINT NOT NULL, confirmed_at BIGINT, ended_at BIGINT, updated_at BIGINT NOT NULL,
  UNIQUE (channel, address)
) STRICT_TABLE;
CREATE INDEX subscribers_by_creation ON subscribers (created_at, id);
CREATE INDEX subscribers_confirmed ON subscribers (channel, id) WHERE state = 'confirmed';

-- What those chose who do not want everything.
CREATE TABLE subscriber_components (
  subscriber_id TEXT NOT NULL REFERENCES subscribers (id), component_id TEXT NOT NULL, PRIMARY KEY (subscriber_id, component_id)
) STRICT_TABLE;

-- Addresses that must not be written to.
CREATE TABLE suppressions (
  channel TEXT NOT NULL, address TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (channel, address)
) STRICT_TABLE;
CREATE INDEX suppressions_by_time ON suppressions (at, address);

-- Confirmation mails of the last day: the budget of the public form, over all nodes.
CREATE TABLE confirmations (id TEXT PRIMARY KEY, address TEXT NOT NULL, at BIGINT NOT NULL) STRICT_TABLE;
CREATE INDEX confirmations_by_address ON confirmations (address, at);
CREATE INDEX confirmations_by_time ON confirmations (at);

INSERT INTO counters (name, n) VALUES ('broadcast', 0), ('mailbox', 0);

-- One update on its way. The content is what was shown before it went, and does not change any more.
CREATE TABLE broadcasts (
  id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, kind TEXT NOT NULL, thread TEXT NOT NULL, about TEXT NOT NULL,
  subject TEXT NOT NULL, content TEXT NOT NULL, audience TEXT NOT NULL, plan_after TEXT NOT NULL, created_at BIGINT NOT NULL,
  planned_at BIGINT, cancelled_at BIGINT, finished_at BIGINT
) STRICT_TABLE;
CREATE INDEX broadcasts_to_plan ON broadcasts (number) WHERE planned_at IS NULL;
CREATE INDEX broadcasts_by_thread ON broadcasts (thread, number);
CREATE INDEX broadcasts_by_about ON broadcasts (about);
CREATE INDEX broadcasts_by_creation ON broadcasts (created_at, id);

-- One message to one recipient. The id follows from broadcast, channel and address, so that each gets it once.
-- Claims read only what waits, so they cost the same however much was ever sent.
-- They lie in the order in which they were written down (n), as ids follow no order: who goes through a broadcast goes through
-- neighbouring rows.
CREATE TABLE deliveries (
  n BIGINT PRIMARY KEY, id TEXT NOT NULL UNIQUE, broadcast_id TEXT NOT NULL REFERENCES broadcasts (id), subscriber_id TEXT, channel TEXT NOT NULL,
  address TEXT NOT NULL, state TEXT NOT NULL, priority BIGINT NOT NULL, attempts BIGINT NOT NULL, next_at BIGINT NOT NULL,
  lease_id TEXT, reply TEXT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
) STRICT_TABLE;
CREATE INDEX deliveries_waiting ON deliveries (channel, priority, next_at, n) WHERE state IN ('queued', 'deferred');
CREATE INDEX deliveries_leased ON deliveries (lease_id, n) WHERE state = 'sending';
CREATE INDEX deliveries_by_broadcast ON deliveries (broadcast_id, state, n);
INSERT INTO counters (name, n) VALUES ('deliveries', 0);
CREATE INDEX deliveries_by_address ON deliveries (address, created_at);

-- A batch in somebody's hands. Who does not renew in time has died, and the batch goes to another.
CREATE TABLE leases (id TEXT PRIMARY KEY, node TEXT NOT NULL, until BIGINT NOT NULL) STRICT_TABLE;

-- How each channel is doing. While one fails, its messages are held.
CREATE TABLE channels (
  channel TEXT PRIMARY KEY, failing BIGINT NOT NULL, since BIGINT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
  probes BIGINT NOT NULL, next_probe_at BIGINT
) STRICT_TABLE;

-- What the built-in viewer shows while no mail server is configured.
CREATE TABLE mailbox (
  number BIGINT PRIMARY KEY, at BIGINT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL,
  delivery_id TEXT NOT NULL, message BYTEA NOT NULL
) STRICT_TABLE;
