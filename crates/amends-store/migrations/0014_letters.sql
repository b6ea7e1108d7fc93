-- The published letters of a month's incidents: few have one, and most need not be looked at.
CREATE INDEX postmortems_letters ON postmortems (incident_id) WHERE published_letter IS NOT NULL;
