-- Which courier process has a practice's queue: what is queued is nobody's by itself any more, and claiming it writes nothing.
CREATE TABLE message_lease (
	practice   {{text}} NOT NULL PRIMARY KEY,
	process    {{text}} NOT NULL,
	until      {{int}} NOT NULL            -- then another may have it
) {{strict}};

DROP INDEX message_next;
DROP INDEX message_next_order;
DROP INDEX message_claimed;
UPDATE message SET claimed_by = '', claimed_until = 0 WHERE claimed_by <> '' AND state = 'queued';
CREATE INDEX message_next ON message (turn, practice, id) WHERE state = 'queued' AND kind <> 'order';
CREATE INDEX message_next_order ON message (turn, practice, id) WHERE state = 'queued' AND kind = 'order';
CREATE INDEX message_leaving ON message (practice, id) WHERE state = 'leaving';
