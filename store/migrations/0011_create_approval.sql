-- approval: what a practice's people signed, one entry a touch, chained by hash; rows are added, never changed or deleted
CREATE TABLE approval (
	practice   {{text}} NOT NULL,
	position   {{int}} NOT NULL,           -- 1, 2, 3 …
	hash       {{text}} NOT NULL,          -- of entry, hex; the next one names it
	entry      {{text}} NOT NULL,          -- canonical JSON, RFC 8785
	added_at   {{int}} NOT NULL,
	PRIMARY KEY (practice, position)
) {{strict}};
