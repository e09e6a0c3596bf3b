-- the short code of a mail's footer, as a keyed hash; whoever reads rows cannot tell a code. A mail that was tried again has one for each try. The one index
-- is all that it needs: rows are added, and found by their code
CREATE TABLE message_code (
	practice   {{text}} NOT NULL,
	code       {{bytes}} NOT NULL,         -- HMAC with a key outside the database, 16 bytes
	message    {{text}} NOT NULL
) {{strict}};
CREATE INDEX message_code_code ON message_code (code);
