-- letter: what a member writes to one client; the words lie sealed
CREATE TABLE letter (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,          -- also of the message that it becomes
	client     {{text}} NOT NULL,
	recipient  {{text}} NOT NULL,          -- the client's id, or a contact's
	channel    {{text}} NOT NULL CHECK (channel IN ('email', 'sms')),
	answers    {{text}} NOT NULL,          -- the text message that it answers; '' for none
	state      {{text}} NOT NULL CHECK (state IN ('draft', 'asked', 'signed', 'withdrawn')),
	digest     {{text}} NOT NULL,          -- of its version, hex; '' of a draft
	address_index {{text}} NOT NULL,       -- keyed blind index of where it is to go; '' of a draft
	language   {{text}} NOT NULL,
	version    {{int}} NOT NULL,
	sealed     {{bytes}} NOT NULL,         -- what was typed, and the version's canonical JSON; bound to the row's version
	written_by {{text}} NOT NULL,
	asked_by   {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	changed_at {{int}} NOT NULL,
	expires    {{int}} NOT NULL,           -- until when its signature counts; 0 of a draft
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, client) REFERENCES client (practice, id)
) {{strict}};
CREATE INDEX letter_client ON letter (practice, client, created_at);
CREATE INDEX letter_asked ON letter (practice, id) WHERE state = 'asked';

-- answer: a text message that came in, from a number and not from a person
CREATE TABLE answer (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,          -- made of the gateway's own name of it, so that the same again is the same
	message    {{text}} NOT NULL,          -- that it answers, or was taken to answer
	client     {{text}} NOT NULL,          -- whom that message was about
	address_index {{text}} NOT NULL,       -- keyed blind index of the number
	sealed     {{bytes}} NOT NULL,         -- number and text
	at         {{int}} NOT NULL,
	seen_at    {{int}} NOT NULL,           -- when a member said that it was dealt with; 0 before
	seen_by    {{text}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE INDEX answer_number ON answer (practice, address_index, at);
CREATE INDEX answer_unseen ON answer (practice, at) WHERE seen_at = 0;
