-- Nodes of two versions work on one database while it is upgraded, node after node. Each migration says which other one a
-- program must know at least to work where this one was applied; 0 when it may know none of those that came with it.
ALTER TABLE migrations ADD COLUMN needs BIGINT NOT NULL DEFAULT 0;
