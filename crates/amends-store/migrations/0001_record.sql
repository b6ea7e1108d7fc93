-- Counters that must have no gaps and no doubles: incident numbers, the change feed.
CREATE TABLE counters (name TEXT PRIMARY KEY, n BIGINT NOT NULL) STRICT_TABLE;
INSERT INTO counters (name, n) VALUES ('feed', 0), ('incident', 0);

-- Settings and secrets of the installation.
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT_TABLE;

CREATE TABLE pages (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, time_zone TEXT NOT NULL, description TEXT,
  support_url TEXT, language TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL
) STRICT_TABLE;

CREATE TABLE components (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, group_id TEXT, is_group BIGINT NOT NULL, position BIGINT NOT NULL,
  status TEXT NOT NULL, showcase BIGINT NOT NULL, only_show_if_degraded BIGINT NOT NULL, start_date TEXT,
  created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, archived BIGINT NOT NULL, version BIGINT NOT NULL
) STRICT_TABLE;

CREATE TABLE incidents (
  id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, title TEXT NOT NULL, summary TEXT NOT NULL, visibility TEXT NOT NULL,
  severity TEXT NOT NULL, impact TEXT NOT NULL, impact_override TEXT, state TEXT NOT NULL, phase TEXT NOT NULL,
  started_at BIGINT NOT NULL, resolved_at BIGINT, monitoring_at BIGINT, next_update_at BIGINT, backfilled BIGINT NOT NULL,
  source_url TEXT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL,
  -- The version at which customers were last told something.
  told_version BIGINT NOT NULL DEFAULT 0
) STRICT_TABLE;
CREATE INDEX incidents_by_start ON incidents (started_at, id);
CREATE INDEX incidents_public_by_start ON incidents (started_at, id) WHERE visibility = 'public';
CREATE INDEX incidents_public_by_end ON incidents (resolved_at) WHERE visibility = 'public';
CREATE INDEX incidents_open ON incidents (started_at, id) WHERE state <> 'resolved';
CREATE INDEX incidents_open_public ON incidents (started_at, id) WHERE visibility = 'public' AND phase <> 'resolved';

CREATE TABLE maintenances (
  id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, title TEXT NOT NULL, visibility TEXT NOT NULL, state TEXT NOT NULL,
  scheduled_for BIGINT NOT NULL, scheduled_until BIGINT NOT NULL, started_at BIGINT, completed_at BIGINT,
  auto_start BIGINT NOT NULL, auto_complete BIGINT NOT NULL, remind_before_minutes BIGINT, reminded_at BIGINT,
  backfilled BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL
) STRICT_TABLE;
CREATE INDEX maintenances_by_start ON maintenances (scheduled_for, id);
CREATE INDEX maintenances_open ON maintenances (scheduled_for, id) WHERE state <> 'completed';

-- Components that an incident or maintenance touches: the worst status so far, and the one now.
CREATE TABLE affected (
  subject_id TEXT NOT NULL, component_id TEXT NOT NULL REFERENCES components (id), status TEXT NOT NULL, current TEXT NOT NULL,
  PRIMARY KEY (subject_id, component_id)
) STRICT_TABLE;
CREATE INDEX affected_by_component ON affected (component_id, subject_id);

CREATE TABLE events (
  id TEXT PRIMARY KEY, subject_kind TEXT NOT NULL, subject_id TEXT NOT NULL, at BIGINT NOT NULL, written_at BIGINT NOT NULL,
  actor TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, edited_at BIGINT, version BIGINT NOT NULL
) STRICT_TABLE;
CREATE INDEX events_by_subject ON events (subject_id, at, id);

-- Earlier texts of edited events: nothing is silently changed.
CREATE TABLE event_versions (
  event_id TEXT NOT NULL REFERENCES events (id), version BIGINT NOT NULL, at BIGINT NOT NULL, body TEXT NOT NULL,
  replaced_at BIGINT NOT NULL, replaced_by TEXT NOT NULL,
  PRIMARY KEY (event_id, version)
) STRICT_TABLE;

-- What changed, in commit order: derived indexes and other nodes follow it.
CREATE TABLE feed (seq BIGINT PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, at BIGINT NOT NULL) STRICT_TABLE;

CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL,
  resource_id TEXT NOT NULL, detail TEXT NOT NULL
) STRICT_TABLE;
CREATE INDEX audit_by_resource ON audit (resource_id, seq);
INSERT INTO counters (name, n) VALUES ('audit', 0);

-- Answers already given to POSTs with an Idempotency-Key.
CREATE TABLE idempotency (
  key TEXT NOT NULL, caller TEXT NOT NULL, request TEXT NOT NULL, status BIGINT, body TEXT, created_at BIGINT NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT_TABLE;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
