-- template: links of versions that a practice has switched off, and on again; the latest row counts
CREATE TABLE link_switch (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	digest     {{text}} NOT NULL,          -- of the version, hex
	link       {{int}} NOT NULL,           -- its number there, from 1
	number     {{int}} NOT NULL,           -- 1, 2, … of this link
	off        {{bool}} NOT NULL,
	reason     {{text}} NOT NULL,          -- in the words of who did it
	who        {{text}} NOT NULL,
	at         {{int}} NOT NULL,
	PRIMARY KEY (practice, digest, link, number)
) {{strict}};
CREATE INDEX wording_version_digest ON wording_version (digest); -- a link names the beginning of it
