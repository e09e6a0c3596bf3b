-- grant: what programs may send, as somebody prepared it to be signed; the courier asks the chain
CREATE TABLE program_grant (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	credential {{text}} NOT NULL,
	wording    {{text}} NOT NULL,
	version    {{text}} NOT NULL,          -- of the wording
	digest     {{text}} NOT NULL,          -- of that version, hex
	purpose    {{text}} NOT NULL CHECK (purpose IN ('appointments', 'marketing')),
	day        {{int}} NOT NULL,           -- how many a day
	expires_at {{int}} NOT NULL,
	created_by {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	statement  {{text}} NOT NULL,          -- digest of the statement that was signed, hex; '' before: a hint
	signed_at  {{int}} NOT NULL,
	ended_at   {{int}} NOT NULL,
	ended_by   {{text}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, credential) REFERENCES credential (practice, id)
) {{strict}};
CREATE INDEX program_grant_open ON program_grant (practice, ended_at, created_at);
CREATE INDEX program_grant_statement ON program_grant (practice, statement) WHERE statement <> '';
