-- What was published with which version, and why, where the linter's errors stood against it.
CREATE TABLE postmortem_publications (
  postmortem_id TEXT NOT NULL REFERENCES postmortems (id), version BIGINT NOT NULL, letter BIGINT NOT NULL, reason TEXT,
  findings TEXT NOT NULL, PRIMARY KEY (postmortem_id, version)
) STRICT_TABLE;
