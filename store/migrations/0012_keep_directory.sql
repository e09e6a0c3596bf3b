-- practice: its own texts as they can be signed, each state once; rows are added, never changed
CREATE TABLE directory (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	digest     {{text}} NOT NULL,          -- SHA-256 of content, hex
	content    {{bytes}} NOT NULL,         -- canonical JSON, RFC 8785
	made_at    {{int}} NOT NULL,
	PRIMARY KEY (practice, digest)
) {{strict}};

ALTER TABLE wording ADD COLUMN signed {{text}} NOT NULL DEFAULT ''; -- the version that was signed last, which rules send until the current one is; a hint: the courier believes the chain
