-- message: one thing to one recipient, with its fate. (Of states, no IN: SQLite builds the list anew for each row that it checks or indexes.)
CREATE TABLE message (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	kind       {{text}} NOT NULL CHECK (kind IN ('rule', 'order', 'letter', 'reply', 'test')),
	channel    {{text}} NOT NULL CHECK (channel IN ('email', 'sms')),
	purpose    {{text}} NOT NULL CHECK (purpose IN ('appointments', 'marketing')),
	rule       {{text}} NOT NULL,          -- the rule's key; '' for the other kinds
	wording_version {{text}} NOT NULL,
	digest     {{text}} NOT NULL,          -- of that version
	language   {{text}} NOT NULL,
	appointment {{text}} NOT NULL,
	attendee   {{text}} NOT NULL,
	generation {{int}} NOT NULL,
	client     {{text}} NOT NULL,
	recipient  {{text}} NOT NULL,          -- the client's id, or a contact's
	state      {{text}} NOT NULL DEFAULT 'queued' CHECK (state = 'sent' OR state = 'leaving' OR state = 'queued' OR state = 'held' OR state = 'refused' OR state = 'maybe sent' OR state = 'dropped'),
	reason     {{text}} NOT NULL DEFAULT '',          -- of the last change of state, from the documented list
	detail     {{text}} NOT NULL DEFAULT '', -- of sent: the relay's reply, without addresses
	turn       {{int}} NOT NULL,           -- the order in which the courier takes what is queued: an instant in microseconds
	not_after  {{int}} NOT NULL,           -- of no use to anybody after this instant
	attempts   {{int}} NOT NULL DEFAULT 0,
	claimed_by {{text}} NOT NULL DEFAULT '',          -- the courier process that has it; '' for none
	claimed_until {{int}} NOT NULL DEFAULT 0,
	message_id {{text}} NOT NULL DEFAULT '',          -- RFC 5322 Message-ID, made before the first try and kept
	address_index {{text}} NOT NULL DEFAULT '',       -- keyed blind index of where it went; '' before it left
	sealed     {{bytes}},                  -- what was merged, and to whom; NULL before it left
	relay      {{text}} NOT NULL DEFAULT '',
	outside_id {{text}} NOT NULL DEFAULT '',          -- the gateway's id, for receipts
	created_at {{int}} NOT NULL,
	left_at    {{int}} NOT NULL DEFAULT 0,           -- when its first byte left; 0 before
	changed_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE INDEX message_next ON message (turn, practice) WHERE state = 'queued' AND claimed_by = '';
CREATE INDEX message_claimed ON message (claimed_until) WHERE claimed_by <> '';
CREATE INDEX message_appointment ON message (practice, appointment);
CREATE INDEX message_client ON message (practice, client, created_at);
CREATE INDEX message_recent ON message (practice, created_at);
CREATE INDEX message_failed ON message (practice, changed_at) WHERE state = 'refused' OR state = 'maybe sent' OR state = 'held';
CREATE INDEX message_held ON message (reason, practice) WHERE state = 'held';
CREATE INDEX message_outside ON message (outside_id) WHERE outside_id <> '';

-- every step of a message, with its reason, for the practice to read; that it was queued, left and was sent stands in message itself
CREATE TABLE message_step (
	practice   {{text}} NOT NULL,
	message    {{text}} NOT NULL,
	number     {{int}} NOT NULL,
	at         {{int}} NOT NULL,
	step       {{text}} NOT NULL,          -- a state of message, or 'deferred', 'delivered', 'bounced', 'complained', 'replied', 'claimed'
	reason     {{text}} NOT NULL,
	detail     {{text}} NOT NULL,          -- a server's reply, bounded and without addresses
	PRIMARY KEY (practice, message, number),
	FOREIGN KEY (practice, message) REFERENCES message (practice, id)
) {{strict}};

-- addresses that must not be written to, by blind index
CREATE TABLE suppression (
	practice   {{text}} NOT NULL,
	channel    {{text}} NOT NULL CHECK (channel IN ('email', 'sms')),
	address_index {{text}} NOT NULL,
	purpose    {{text}} NOT NULL CHECK (purpose IN ('all', 'marketing')),
	reason     {{text}} NOT NULL,          -- 'bounce', 'complaint', 'stop', 'unsubscribe'
	at         {{int}} NOT NULL,
	PRIMARY KEY (practice, channel, address_index, purpose)
) {{strict}};

-- stops; the practice '' is the platform
CREATE TABLE freeze_entry ( -- "freeze" alone is a reserved word of PostgreSQL
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	scope      {{text}} NOT NULL CHECK (scope IN ('platform', 'practice')),
	reason     {{text}} NOT NULL,
	who        {{text}} NOT NULL,
	at         {{int}} NOT NULL,
	lifted_at  {{int}} NOT NULL,
	lifted_by  {{text}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE INDEX freeze_open ON freeze_entry (practice) WHERE lifted_at = 0;
