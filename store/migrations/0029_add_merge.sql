-- two files of one person made one: which, what was moved, and what the kept one was before
ALTER TABLE client ADD COLUMN merged_into {{text}} NOT NULL DEFAULT ''; -- the client who goes on; '' for everybody else
CREATE TABLE client_merge (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	kept       {{text}} NOT NULL,
	gone       {{text}} NOT NULL,
	version    {{int}} NOT NULL,           -- of the kept one right after: a greater one was changed since
	before     {{bytes}} NOT NULL,         -- the kept one as it was, sealed
	moved      {{text}} NOT NULL,          -- JSON: ids of the attendees, contacts and consents that went over
	at         {{int}} NOT NULL,
	who        {{text}} NOT NULL,
	undone_at  {{int}} NOT NULL,
	undone_by  {{text}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, kept) REFERENCES client (practice, id),
	FOREIGN KEY (practice, gone) REFERENCES client (practice, id)
) {{strict}};
CREATE INDEX client_merge_kept ON client_merge (practice, kept, at);
CREATE INDEX client_merge_gone ON client_merge (practice, gone, at);
