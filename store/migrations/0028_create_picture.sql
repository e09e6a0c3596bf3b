-- practice: its logo and the pictures of its messages, by what they are. They are not sealed: what is sent is seen by anybody. A signed version names
-- them by digest, and whoever uses one computes it again.
CREATE TABLE picture (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	digest     {{text}} NOT NULL,          -- SHA-256 of the content, hex
	alt        {{text}} NOT NULL,          -- what it shows, in words
	content    {{bytes}} NOT NULL,         -- PNG or JPEG as this program wrote it
	logo       {{bool}} NOT NULL,          -- it stands at the top of messages; of one at most
	made_by    {{text}} NOT NULL,
	made_at    {{int}} NOT NULL,
	PRIMARY KEY (practice, digest)
) {{strict}};
