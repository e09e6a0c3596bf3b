-- vault: who looked at personal data. Ids alone: of members, sessions, programs and clients; the network address is a keyed hash.
CREATE TABLE look (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	at         {{int}} NOT NULL,
	last       {{int}} NOT NULL,           -- when the same was looked at again by the same, at most a quarter of an hour later
	times      {{int}} NOT NULL,
	member     {{text}} NOT NULL,          -- '' where no person acted
	agent      {{text}} NOT NULL,          -- what acted where no person did
	credential {{text}} NOT NULL,          -- of a program
	session    {{text}} NOT NULL,
	address    {{text}} NOT NULL,
	route      {{text}} NOT NULL,
	purpose    {{text}} NOT NULL CHECK (purpose IN ('read', 'change', 'sign', 'search', 'export', 'work')),
	fields     {{text}} NOT NULL,          -- words, joined by commas
	shown      {{int}} NOT NULL,           -- how many clients, or things of nobody's
	sum        {{text}} NOT NULL,          -- of all but the instants: what is the same again
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE INDEX look_latest ON look (practice, at, id);
CREATE INDEX look_member ON look (practice, member, at, id) WHERE member <> '';
CREATE INDEX look_credential ON look (practice, credential, at, id) WHERE credential <> '';
CREATE INDEX look_session ON look (practice, session, at, id) WHERE session <> '';
CREATE INDEX look_address ON look (practice, address, at, id) WHERE address <> '';

-- whom a look showed, the first 500. No reference to client: the log stays when a client goes.
CREATE TABLE look_client (
	practice   {{text}} NOT NULL,
	client     {{text}} NOT NULL,
	at         {{int}} NOT NULL,           -- of the look
	look       {{text}} NOT NULL,
	fields     {{text}} NOT NULL,
	PRIMARY KEY (practice, client, at, look)
) {{strict}};
CREATE INDEX look_client_of ON look_client (practice, look);
