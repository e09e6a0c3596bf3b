-- notice: what Letterhead told a practice's members
CREATE TABLE notice (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,          -- the message's
	member     {{text}} NOT NULL,
	kind       {{text}} NOT NULL,
	form       {{text}} NOT NULL,          -- of the kind's words
	about      {{text}} NOT NULL,          -- what of its kind: an id, a digest, a day
	address_index {{text}} NOT NULL,       -- keyed blind index of where the member was reached then
	at         {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX notice_once ON notice (practice, member, kind, about);
CREATE INDEX notice_latest ON notice (practice, at, id);
CREATE INDEX session_latest ON session (practice, created_at);
CREATE INDEX person_changed ON person (changed_at);
