-- What customers were told, apart from the rest of a timeline: the history reads nothing else.
CREATE INDEX events_told ON events (subject_id, at, id) WHERE kind IN ('update', 'maintenance_update');
