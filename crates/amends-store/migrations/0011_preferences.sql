-- What a subscriber wishes out of the ordinary (JSON); none for almost all, who are told of everything at once.
ALTER TABLE subscribers ADD COLUMN preferences TEXT;
CREATE INDEX subscribers_with_preferences ON subscribers (channel, id) WHERE state = 'confirmed' AND preferences IS NOT NULL;

-- Why a delivery waits, or waited, for its time. What is held is not in the way of what is due.
ALTER TABLE deliveries ADD COLUMN hold TEXT;
CREATE INDEX deliveries_held ON deliveries (next_at, n) WHERE state = 'held';
-- What is held is handed over by one node at a time, so that nobody gets two digests.
INSERT INTO counters (name, n) VALUES ('held', 0);

-- How much was said to subscribers lately: as long as that is little, nobody can have got too much.
CREATE INDEX broadcasts_planned ON broadcasts (planned_at) WHERE kind IN ('update', 'maintenance', 'reminder', 'letter');

-- How far each broadcast got and how fast (JSON), measured once when nothing of it is left to send.
ALTER TABLE broadcasts ADD COLUMN reach TEXT;
CREATE INDEX broadcasts_unmeasured ON broadcasts (finished_at) WHERE reach IS NULL AND finished_at IS NOT NULL
  AND kind IN ('update', 'maintenance', 'reminder', 'letter');
