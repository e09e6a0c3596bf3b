-- order: bulk messages; "order" alone is a reserved word
CREATE TABLE bulk_order (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	wording    {{text}} NOT NULL,
	wording_version {{text}} NOT NULL,
	digest     {{text}} NOT NULL,          -- of that version
	channel    {{text}} NOT NULL CHECK (channel IN ('email', 'sms')),
	purpose    {{text}} NOT NULL CHECK (purpose IN ('appointments', 'marketing')),
	filter     {{text}} NOT NULL,          -- JSON: whom it is for; read whole
	most       {{int}} NOT NULL,           -- messages at most; 0: all recipients
	window_from {{int}} NOT NULL,
	window_until {{int}} NOT NULL,
	state      {{text}} NOT NULL CHECK (state = 'draft' OR state = 'fixing' OR state = 'asked' OR state = 'signed' OR state = 'going' OR state = 'done' OR state = 'stopped' OR state = 'expired'),
	edition    {{int}} NOT NULL,           -- another after each change by a person
	run        {{text}} NOT NULL DEFAULT '', -- which attempt fixes the audience
	root       {{text}} NOT NULL DEFAULT '', -- of the fixed audience, hex
	recipients {{int}} NOT NULL DEFAULT 0,
	active     {{int}} NOT NULL DEFAULT 0, -- active clients when it was fixed
	queued     {{int}} NOT NULL DEFAULT 0, -- recipients that became a message
	left_out   {{int}} NOT NULL DEFAULT 0, -- recipients that did not, for a reason of that day
	made_by    {{text}} NOT NULL,
	made_at    {{int}} NOT NULL,
	asked_by   {{text}} NOT NULL DEFAULT '',
	asked_at   {{int}} NOT NULL DEFAULT 0,
	counts_at  {{int}} NOT NULL DEFAULT 0, -- of signed: from when on its signatures count
	began_at   {{int}} NOT NULL DEFAULT 0,
	ended_at   {{int}} NOT NULL DEFAULT 0,
	ended_by   {{text}} NOT NULL DEFAULT '',
	seen_at    {{int}} NOT NULL DEFAULT 0, -- when it was looked how many had gone, and how many that were; and the time before
	seen       {{int}} NOT NULL DEFAULT 0,
	before_at  {{int}} NOT NULL DEFAULT 0,
	before     {{int}} NOT NULL DEFAULT 0,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, wording) REFERENCES wording (practice, id)
) {{strict}};
CREATE INDEX bulk_order_made ON bulk_order (practice, made_at, id);
CREATE INDEX bulk_order_open ON bulk_order (practice, id) WHERE state = 'asked' OR state = 'signed' OR state = 'going' OR state = 'stopped' AND ended_at = 0;

-- whom an order goes to, as it was fixed; a row becomes at most one message
CREATE TABLE order_recipient (
	practice   {{text}} NOT NULL,
	bulk_order {{text}} NOT NULL,
	place      {{int}} NOT NULL,           -- in the fixed audience
	client     {{text}} NOT NULL,
	address_index {{text}} NOT NULL,
	proof      {{bytes}} NOT NULL,         -- that it stands there: hashes of 32 bytes
	message    {{text}} NOT NULL DEFAULT '',
	reason     {{text}} NOT NULL DEFAULT '', -- why it became none
	PRIMARY KEY (practice, bulk_order, place),
	FOREIGN KEY (practice, bulk_order) REFERENCES bulk_order (practice, id)
) {{strict}};
CREATE UNIQUE INDEX order_recipient_client ON order_recipient (practice, bulk_order, client);
CREATE INDEX order_recipient_open ON order_recipient (practice, bulk_order, place) WHERE message = '' AND reason = '';
CREATE INDEX order_recipient_reason ON order_recipient (practice, bulk_order, reason) WHERE reason <> '';
