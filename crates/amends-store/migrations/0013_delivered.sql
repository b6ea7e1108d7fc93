-- When a provider or a gateway reported that a message has arrived; none for what nobody reported.
ALTER TABLE deliveries ADD COLUMN delivered_at BIGINT;
