-- client: the people cared for and those linked to them
CREATE TABLE client (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	external   {{text}} NOT NULL,          -- the id in the system it was imported from; '' when typed here
	title      {{text}} NOT NULL,
	first_name {{text}} NOT NULL,
	last_name  {{text}} NOT NULL,
	preferred_name {{text}} NOT NULL,
	folded     {{text}} NOT NULL,          -- names folded for search by client.FoldNames: ' last first preferred '
	born       {{text}} NOT NULL,          -- 2026-12-01 or ''
	language   {{text}} NOT NULL,          -- '' means the practice's
	zone       {{text}} NOT NULL,          -- '' means the practice's
	reminders  {{text}} NOT NULL CHECK (reminders IN ('', 'email', 'sms', 'both', 'none')), -- '' means the practice's default
	email_state {{text}} NOT NULL CHECK (email_state IN ('none', 'good', 'bad')), -- bad: what was written is no address
	mobile_state {{text}} NOT NULL CHECK (mobile_state IN ('none', 'good', 'bad')),
	sealed     {{bytes}} NOT NULL,         -- JSON: e-mail, mobile, alert as written and as normalised
	email_index {{text}} NOT NULL,         -- keyed blind index of the whole address; '' when none
	local_index {{text}} NOT NULL,         -- of what stands before the @
	mobile_index {{text}} NOT NULL,        -- of the E.164 number
	tail4_index {{text}} NOT NULL,         -- of its last 4, 5 and 6 digits
	tail5_index {{text}} NOT NULL,
	tail6_index {{text}} NOT NULL,
	import_sum {{text}} NOT NULL,          -- of the source row that was last taken over
	import_version {{int}} NOT NULL,       -- version right after that: a greater one was changed here since
	batch      {{text}} NOT NULL,          -- the import that created it
	version    {{int}} NOT NULL,
	created_at {{int}} NOT NULL,
	changed_at {{int}} NOT NULL,
	changed_by {{text}} NOT NULL DEFAULT '',
	archived_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX client_external ON client (practice, external) WHERE external <> '';
CREATE INDEX client_folded ON client (practice, folded, id, archived_at); -- all that a search by name needs to look at
CREATE INDEX client_born ON client (practice, born);
CREATE INDEX client_email ON client (practice, email_index) WHERE email_index <> '';
CREATE INDEX client_local ON client (practice, local_index) WHERE local_index <> '';
CREATE INDEX client_mobile ON client (practice, mobile_index) WHERE mobile_index <> '';
CREATE INDEX client_tail4 ON client (practice, tail4_index) WHERE tail4_index <> '';
CREATE INDEX client_tail5 ON client (practice, tail5_index) WHERE tail5_index <> '';
CREATE INDEX client_tail6 ON client (practice, tail6_index) WHERE tail6_index <> '';

-- somebody linked to a client who may receive messages about the client's appointments
CREATE TABLE contact (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	client     {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	relation   {{text}} NOT NULL,
	receives   {{text}} NOT NULL CHECK (receives IN ('none', 'email', 'sms', 'both')),
	language   {{text}} NOT NULL,
	zone       {{text}} NOT NULL,
	email_state {{text}} NOT NULL CHECK (email_state IN ('none', 'good', 'bad')),
	mobile_state {{text}} NOT NULL CHECK (mobile_state IN ('none', 'good', 'bad')),
	sealed     {{bytes}} NOT NULL,
	version    {{int}} NOT NULL,
	created_at {{int}} NOT NULL,
	ended_at   {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, client) REFERENCES client (practice, id)
) {{strict}};
CREATE INDEX contact_client ON contact (practice, client);

-- what a client chose, by category and channel; the latest row counts
CREATE TABLE consent (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	client     {{text}} NOT NULL,
	category   {{text}} NOT NULL CHECK (category IN ('appointments', 'marketing')),
	channel    {{text}} NOT NULL CHECK (channel IN ('email', 'sms')),
	given      {{bool}} NOT NULL,
	source     {{text}} NOT NULL,          -- 'import', 'desk', 'unsubscribe', 'stop'
	who        {{text}} NOT NULL,
	at         {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, client) REFERENCES client (practice, id)
) {{strict}};
CREATE INDEX consent_client ON consent (practice, client, category, channel, at);
