-- template: wordings and their immutable versions
CREATE TABLE wording (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	key        {{text}} NOT NULL,          -- stable name of a starter wording; '' for the practice's own
	name       {{text}} NOT NULL,
	current    {{text}} NOT NULL,          -- the version that rules send
	archived_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX wording_key ON wording (practice, key) WHERE key <> '';

CREATE TABLE wording_version (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	wording    {{text}} NOT NULL,
	number     {{int}} NOT NULL,           -- 1, 2, … of this wording
	digest     {{text}} NOT NULL,          -- SHA-256 of content, hex
	content    {{bytes}} NOT NULL,         -- canonical JSON, RFC 8785
	made_by    {{text}} NOT NULL,
	made_at    {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, wording) REFERENCES wording (practice, id)
) {{strict}};
CREATE UNIQUE INDEX wording_version_number ON wording_version (practice, wording, number);

-- plan: automatic messages, and what is due
CREATE TABLE rule (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	key        {{text}} NOT NULL,          -- stable: booked, changed, cancelled, reminder-7-days …
	name       {{text}} NOT NULL,
	wording    {{text}} NOT NULL,
	content    {{text}} NOT NULL,          -- JSON: trigger, filters, channel; read whole
	enabled    {{bool}} NOT NULL,
	position   {{int}} NOT NULL,
	version    {{int}} NOT NULL,
	changed_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, wording) REFERENCES wording (practice, id)
) {{strict}};
CREATE UNIQUE INDEX rule_key ON rule (practice, key);

-- a hint that something may have to be sent; planned again from that day's facts when due_at comes
CREATE TABLE due (
	practice   {{text}} NOT NULL,
	appointment {{text}} NOT NULL,
	attendee   {{text}} NOT NULL,
	recipient  {{text}} NOT NULL,          -- the client's id, or a contact's
	channel    {{text}} NOT NULL CHECK (channel IN ('email', 'sms')),
	rule       {{text}} NOT NULL,          -- the rule's key
	generation {{int}} NOT NULL,
	mark       {{int}} NOT NULL DEFAULT 0, -- of when, where and with whom the appointment was in this generation: a drag that was dragged back says nothing
	due_at     {{int}} NOT NULL,
	state      {{text}} NOT NULL CHECK (state IN ('open', 'sent', 'dropped')), -- sent: it became a message
	reason     {{text}} NOT NULL,          -- why it was dropped
	message    {{text}} NOT NULL,
	decided_at {{int}} NOT NULL,
	PRIMARY KEY (practice, appointment, attendee, recipient, channel, rule, generation),
	FOREIGN KEY (practice, appointment) REFERENCES appointment (practice, id)
) {{strict}};
CREATE INDEX due_next ON due (due_at, practice) WHERE state = 'open';
CREATE INDEX due_practice ON due (practice, due_at) WHERE state = 'open';
