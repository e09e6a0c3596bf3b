-- Messages of grants and of the program itself, and which rule, order, letter or grant a message is of. SQLite changes a CHECK only with its table,
-- and what refers to the table goes with it.
CREATE TABLE message_rebuilt (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	kind       {{text}} NOT NULL CONSTRAINT message_kind CHECK (kind IN ('rule', 'order', 'letter', 'reply', 'test', 'grant', 'system')),
	channel    {{text}} NOT NULL CHECK (channel IN ('email', 'sms')),
	purpose    {{text}} NOT NULL CHECK (purpose IN ('appointments', 'marketing')),
	subject    {{text}} NOT NULL,          -- the rule's key; the id of the order, letter or grant; '' of tests and the program's own
	wording_version {{text}} NOT NULL,
	digest     {{text}} NOT NULL,          -- of that version
	language   {{text}} NOT NULL,
	appointment {{text}} NOT NULL,
	attendee   {{text}} NOT NULL,
	generation {{int}} NOT NULL,
	client     {{text}} NOT NULL,          -- '' of what goes to a member
	recipient  {{text}} NOT NULL,          -- the client's id, a contact's, or a member's
	basis      {{text}} NOT NULL,          -- which versions of rules, appointment and client the plan saw; '' for none
	state      {{text}} NOT NULL DEFAULT 'queued' CONSTRAINT message_state CHECK (state = 'sent' OR state = 'leaving' OR state = 'queued' OR state = 'held' OR state = 'refused' OR state = 'maybe sent' OR state = 'dropped'),
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
INSERT INTO message_rebuilt (practice, id, kind, channel, purpose, subject, wording_version, digest, language, appointment, attendee, generation, client, recipient, basis, state, reason,
	detail, turn, not_after, attempts, claimed_by, claimed_until, message_id, address_index, sealed, relay, outside_id, created_at, left_at, changed_at)
	SELECT practice, id, kind, channel, purpose, rule, wording_version, digest, language, appointment, attendee, generation, client, recipient, basis, state, reason,
	detail, turn, not_after, attempts, claimed_by, claimed_until, message_id, address_index, sealed, relay, outside_id, created_at, left_at, changed_at FROM message;

CREATE TABLE message_step_rebuilt (
	practice   {{text}} NOT NULL,
	message    {{text}} NOT NULL,
	number     {{int}} NOT NULL,
	at         {{int}} NOT NULL,
	step       {{text}} NOT NULL,          -- a state of message, or 'deferred', 'delivered', 'bounced', 'complained', 'replied'
	reason     {{text}} NOT NULL,
	detail     {{text}} NOT NULL,          -- a server's reply, bounded and without addresses
	PRIMARY KEY (practice, message, number),
	FOREIGN KEY (practice, message) REFERENCES message_rebuilt (practice, id)
) {{strict}};
INSERT INTO message_step_rebuilt (practice, message, number, at, step, reason, detail) SELECT practice, message, number, at, step, reason, detail FROM message_step;

DROP TABLE message_step;
DROP TABLE message;
ALTER TABLE message_rebuilt RENAME TO message;
ALTER TABLE message_step_rebuilt RENAME TO message_step;

CREATE INDEX message_next ON message (turn, practice) WHERE state = 'queued' AND claimed_by = '' AND kind <> 'order';
CREATE INDEX message_next_order ON message (turn, practice) WHERE state = 'queued' AND claimed_by = '' AND kind = 'order';
CREATE INDEX message_claimed ON message (claimed_until) WHERE claimed_by <> '';
CREATE INDEX message_appointment ON message (practice, appointment);
CREATE INDEX message_client ON message (practice, client, created_at);
CREATE INDEX message_recent ON message (practice, created_at);
CREATE INDEX message_subject ON message (practice, subject, state) WHERE kind <> 'rule'; -- how an order stands
CREATE INDEX message_failed ON message (practice, changed_at) WHERE state = 'refused' OR state = 'maybe sent' OR state = 'held';
CREATE INDEX message_held ON message (reason, practice) WHERE state = 'held';
CREATE INDEX message_outside ON message (outside_id) WHERE outside_id <> '';
