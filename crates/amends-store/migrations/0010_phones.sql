-- A code that was asked for on the page, and how often it was typed in wrongly. The code itself follows from the id. None is
-- known for a number that was sent none: whoever asked cannot tell.
CREATE TABLE codes (
  id TEXT PRIMARY KEY, subscriber_id TEXT, tries BIGINT NOT NULL, until BIGINT NOT NULL
) STRICT_TABLE;
CREATE INDEX codes_by_time ON codes (until);

-- What was spent on text messages: how many went to a number in a day, and to all ('') together.
CREATE TABLE sms_spent (day BIGINT NOT NULL, address TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (day, address)) STRICT_TABLE;
