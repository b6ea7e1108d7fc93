-- What somebody got is found by who they are. Broadcasts go through subscribers in the order of their ids, so neighbours in
-- this index are written one after another; by address, each message was written to a page of its own.
DROP INDEX deliveries_by_address;
CREATE INDEX deliveries_by_subscriber ON deliveries (subscriber_id, created_at) WHERE subscriber_id IS NOT NULL;
CREATE INDEX deliveries_to_nobody ON deliveries (address, created_at) WHERE subscriber_id IS NULL;
