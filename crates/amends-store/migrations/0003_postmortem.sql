CREATE TABLE postmortems (
  id TEXT PRIMARY KEY, incident_id TEXT REFERENCES incidents (id), title TEXT NOT NULL, template TEXT NOT NULL,
  letter_template TEXT NOT NULL, audience TEXT NOT NULL, state TEXT NOT NULL, document TEXT NOT NULL, letter_title TEXT NOT NULL,
  letter TEXT NOT NULL, published_letter TEXT, letter_published_at BIGINT, authors TEXT NOT NULL, reviewers TEXT NOT NULL,
  milestones TEXT NOT NULL, happened_at BIGINT NOT NULL, published_at BIGINT, source_path TEXT UNIQUE, source_hash TEXT,
  source_version BIGINT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL
) STRICT_TABLE;
CREATE INDEX postmortems_by_time ON postmortems (happened_at, id);
CREATE UNIQUE INDEX postmortems_by_incident ON postmortems (incident_id);

-- Every saved version of the texts: nothing is silently changed.
CREATE TABLE postmortem_versions (
  postmortem_id TEXT NOT NULL REFERENCES postmortems (id), version BIGINT NOT NULL, title TEXT NOT NULL, document TEXT NOT NULL,
  letter_title TEXT NOT NULL, letter TEXT NOT NULL, state TEXT NOT NULL, saved_at BIGINT NOT NULL, saved_by TEXT NOT NULL,
  PRIMARY KEY (postmortem_id, version)
) STRICT_TABLE;

-- Corrective actions. `due` is a day (YYYY-MM-DD); `reminded` is the last reminder sent, as "due day/step".
CREATE TABLE actions (
  id TEXT PRIMARY KEY, postmortem_id TEXT REFERENCES postmortems (id), incident_id TEXT REFERENCES incidents (id), text TEXT NOT NULL,
  owner TEXT, owner_id TEXT REFERENCES people (id), due TEXT, term TEXT NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL,
  tracker TEXT, closed_at BIGINT, reminded TEXT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL
) STRICT_TABLE;
CREATE INDEX actions_by_postmortem ON actions (postmortem_id, created_at, id);
CREATE INDEX actions_by_incident ON actions (incident_id, created_at, id);
CREATE INDEX actions_open_by_due ON actions (due, id) WHERE state = 'open';
