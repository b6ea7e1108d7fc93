CREATE TABLE people (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, time_zone TEXT NOT NULL,
  password_hash TEXT, disabled BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL
) STRICT_TABLE;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY, secret_hash BYTEA NOT NULL UNIQUE, person_id TEXT NOT NULL REFERENCES people (id), created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL
) STRICT_TABLE;
CREATE INDEX sessions_by_person ON sessions (person_id, created_at);

-- Links that work once: to create the administrator, to sign in, to set a password.
CREATE TABLE links (
  secret_hash BYTEA PRIMARY KEY, purpose TEXT NOT NULL, person_id TEXT REFERENCES people (id), created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, used_at BIGINT
) STRICT_TABLE;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY, secret_hash BYTEA NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, scopes TEXT NOT NULL,
  prefix TEXT NOT NULL, created_by TEXT NOT NULL, person_id TEXT REFERENCES people (id), created_at BIGINT NOT NULL, expires_at BIGINT, last_used_at BIGINT, revoked_at BIGINT
) STRICT_TABLE;

-- Failed sign-ins, for throttling over all nodes.
CREATE TABLE sign_in_failures (id TEXT PRIMARY KEY, account TEXT NOT NULL, address TEXT NOT NULL, at BIGINT NOT NULL) STRICT_TABLE;
CREATE INDEX sign_in_failures_by_account ON sign_in_failures (account, at);
CREATE INDEX sign_in_failures_by_address ON sign_in_failures (address, at);

-- Attempts to sign in are counted one after the other, so that many at once cannot slip past the limit.
INSERT INTO counters (name, n) VALUES ('sign_in', 0);
