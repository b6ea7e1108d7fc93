-- Those whom a broadcast is for lie side by side, in the order in which it goes through them. Before, each was looked up at a
-- place of its own, and so was their endpoint: that cost more than writing down what they were sent. On SQLite alone:
-- PostgreSQL keeps its rows in heaps.
CREATE TABLE clustered_subscribers (
  id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL, everything BIGINT NOT NULL,
  origin TEXT NOT NULL, created_at BIGINT NOT NULL, confirmed_at BIGINT, ended_at BIGINT, updated_at BIGINT NOT NULL,
  preferences TEXT, PRIMARY KEY (channel, id), UNIQUE (channel, address)
) CLUSTERED_TABLE;
INSERT INTO clustered_subscribers SELECT id, channel, address, state, everything, origin, created_at, confirmed_at, ended_at,
  updated_at, preferences FROM subscribers ORDER BY channel, id;

CREATE TABLE clustered_components (
  subscriber_id TEXT NOT NULL REFERENCES clustered_subscribers (id), component_id TEXT NOT NULL,
  PRIMARY KEY (subscriber_id, component_id)
) CLUSTERED_TABLE;
INSERT INTO clustered_components SELECT subscriber_id, component_id FROM subscriber_components ORDER BY 1, 2;

CREATE TABLE clustered_endpoints (
  subscriber_id TEXT PRIMARY KEY REFERENCES clustered_subscribers (id), owner TEXT NOT NULL, details TEXT NOT NULL,
  generation BIGINT NOT NULL, rotated_at BIGINT, failing_since BIGINT, told_at BIGINT, ended_why TEXT
) CLUSTERED_TABLE;
INSERT INTO clustered_endpoints SELECT subscriber_id, owner, details, generation, rotated_at, failing_since, told_at, ended_why
  FROM endpoints ORDER BY subscriber_id;

-- Children go before whom they point to; the new ones' pointers follow the renaming.
DROP TABLE endpoints;
DROP TABLE subscriber_components;
DROP TABLE subscribers;
ALTER TABLE clustered_subscribers RENAME TO subscribers;
ALTER TABLE clustered_components RENAME TO subscriber_components;
ALTER TABLE clustered_endpoints RENAME TO endpoints;

CREATE INDEX subscribers_by_creation ON subscribers (created_at, id);
CREATE INDEX subscribers_confirmed ON subscribers (channel, id) WHERE state = 'confirmed';
CREATE INDEX subscribers_with_preferences ON subscribers (channel, id) WHERE state = 'confirmed' AND preferences IS NOT NULL;
