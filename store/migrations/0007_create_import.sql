-- transfer: one run of an import or of its undoing. At most one of a practice is staging: a later one abandons it
CREATE TABLE import_batch (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	kind       {{text}} NOT NULL CHECK (kind IN ('import', 'trial', 'undo')), -- trial: a dry run
	state      {{text}} NOT NULL CHECK (state IN ('staging', 'done', 'undone', 'abandoned')),
	undoes     {{text}} NOT NULL,          -- of an undo: the batch it took back
	report     {{text}} NOT NULL,          -- JSON: counts by outcome, no personal data
	who        {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	finished_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};

-- rows of clients.csv on their way in: already normalised and sealed; seen by nobody before the flip, deleted after it
CREATE TABLE staged_client (
	practice   {{text}} NOT NULL,
	batch      {{text}} NOT NULL,
	line       {{int}} NOT NULL,           -- physical line in the file, from 1
	action     {{text}} NOT NULL CHECK (action IN ('create', 'change', 'same', 'kept', 'restore', 'remove')),
	external   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	base       {{int}} NOT NULL,           -- the version that a change replaces; sealed is bound to base + 1
	person     {{text}} NOT NULL,          -- rows with the same value may be the same person; '' says nothing
	title      {{text}} NOT NULL,
	first_name {{text}} NOT NULL,
	last_name  {{text}} NOT NULL,
	preferred_name {{text}} NOT NULL,
	folded     {{text}} NOT NULL,
	born       {{text}} NOT NULL,
	language   {{text}} NOT NULL,
	zone       {{text}} NOT NULL,
	reminders  {{text}} NOT NULL,
	email_state {{text}} NOT NULL,
	mobile_state {{text}} NOT NULL,
	sealed     {{bytes}} NOT NULL,
	email_index {{text}} NOT NULL,
	local_index {{text}} NOT NULL,
	mobile_index {{text}} NOT NULL,
	tail4_index {{text}} NOT NULL,
	tail5_index {{text}} NOT NULL,
	tail6_index {{text}} NOT NULL,
	marketing  {{text}} NOT NULL CHECK (marketing IN ('', 'yes', 'no')),
	consent    {{text}} NOT NULL,          -- the id of the consent row that marketing makes; '' for none
	archived_at {{int}} NOT NULL,
	import_sum {{text}} NOT NULL,
	before     {{bytes}} NOT NULL,         -- of a change: the row as it was, sealed
	PRIMARY KEY (practice, batch, line)
) {{strict}};
CREATE UNIQUE INDEX staged_client_external ON staged_client (practice, batch, external);

-- rows of appointments.csv on their way in
CREATE TABLE staged_appointment (
	practice   {{text}} NOT NULL,
	batch      {{text}} NOT NULL,
	line       {{int}} NOT NULL,
	action     {{text}} NOT NULL CHECK (action IN ('create', 'change', 'same', 'kept', 'restore', 'remove')),
	external   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	base       {{int}} NOT NULL,
	attendee   {{text}} NOT NULL,          -- the id its attendee gets when it has none yet for this client
	client     {{text}} NOT NULL,
	practitioner {{text}} NOT NULL,        -- names: the flip finds or makes what they name
	service    {{text}} NOT NULL,
	location   {{text}} NOT NULL,          -- '' is the practice's first
	mode       {{text}} NOT NULL,
	wall       {{text}} NOT NULL,
	zone       {{text}} NOT NULL,
	starts     {{int}} NOT NULL,
	ends       {{int}} NOT NULL,
	minutes    {{int}} NOT NULL,
	booking    {{text}} NOT NULL,
	confirmation {{text}} NOT NULL,
	attendance {{text}} NOT NULL,
	cancel_late {{bool}} NOT NULL,
	overbooked {{bool}} NOT NULL,
	import_sum {{text}} NOT NULL,
	before     {{bytes}} NOT NULL,
	PRIMARY KEY (practice, batch, line)
) {{strict}};
CREATE UNIQUE INDEX staged_appointment_external ON staged_appointment (practice, batch, external);

-- what a batch did to each thing, so that it can be taken back
CREATE TABLE import_change (
	practice   {{text}} NOT NULL,
	batch      {{text}} NOT NULL,
	kind       {{text}} NOT NULL CHECK (kind IN ('client', 'appointment', 'practitioner', 'service', 'location', 'practice')),
	id         {{text}} NOT NULL,
	action     {{text}} NOT NULL CHECK (action IN ('created', 'changed')),
	version    {{int}} NOT NULL,           -- right after the batch: a thing with a greater one was changed here since
	before     {{bytes}} NOT NULL,         -- of what was changed: the row as it was, sealed
	PRIMARY KEY (practice, batch, kind, id),
	FOREIGN KEY (practice, batch) REFERENCES import_batch (practice, id)
) {{strict}};
