-- What is known about subscribers who have a server of their own, besides its address.
CREATE TABLE endpoints (
  subscriber_id TEXT PRIMARY KEY REFERENCES subscribers (id), owner TEXT NOT NULL, details TEXT NOT NULL,
  generation BIGINT NOT NULL, rotated_at BIGINT, failing_since BIGINT, told_at BIGINT, ended_why TEXT
) STRICT_TABLE;
