-- calendar
CREATE TABLE appointment (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	external   {{text}} NOT NULL,
	practitioner {{text}} NOT NULL,
	service    {{text}} NOT NULL,
	location   {{text}} NOT NULL,          -- whose zone counts, also for video
	mode       {{text}} NOT NULL CHECK (mode IN ('in person', 'video', 'phone', 'home')),
	wall       {{text}} NOT NULL,          -- 2026-12-01T10:00 on the location's wall
	zone       {{text}} NOT NULL,          -- the location's when this was written
	starts     {{int}} NOT NULL,           -- the instant of wall in zone, by the rules of that day
	ends       {{int}} NOT NULL,
	minutes    {{int}} NOT NULL CHECK (minutes > 0),
	booking    {{text}} NOT NULL CHECK (booking IN ('booked', 'cancelled', 'rescheduled', 'entered in error')),
	overbooked {{bool}} NOT NULL,          -- somebody chose to book over another, or it came so from an import
	generation {{int}} NOT NULL,           -- another with each move; messages of any other one are not sent
	last_generation {{int}} NOT NULL DEFAULT 0, -- the highest ever given: undoing a move brings the old number back, and no number is given twice
	overbooked_by {{text}} NOT NULL DEFAULT '', -- who chose to
	booked_at  {{int}} NOT NULL,           -- 0: imported, the booking instant is not known
	booked_by  {{text}} NOT NULL,
	moved_at   {{int}} NOT NULL,
	cancelled_at {{int}} NOT NULL,
	cancelled_by {{text}} NOT NULL CHECK (cancelled_by IN ('', 'client', 'practice', 'system')),
	cancel_reason {{text}} NOT NULL,
	cancel_late {{bool}} NOT NULL,
	undo       {{text}} NOT NULL DEFAULT '', -- JSON: how it was before the last move or cancellation, for a few minutes' undo
	import_sum {{text}} NOT NULL,
	import_version {{int}} NOT NULL,
	batch      {{text}} NOT NULL,
	version    {{int}} NOT NULL,
	created_at {{int}} NOT NULL,
	changed_at {{int}} NOT NULL,
	changed_by {{text}} NOT NULL DEFAULT '',
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, practitioner) REFERENCES practitioner (practice, id),
	FOREIGN KEY (practice, service) REFERENCES service (practice, id),
	FOREIGN KEY (practice, location) REFERENCES location (practice, id)
) {{strict}};
CREATE UNIQUE INDEX appointment_external ON appointment (practice, external) WHERE external <> '';
CREATE INDEX appointment_starts ON appointment (practice, starts);
CREATE INDEX appointment_practitioner ON appointment (practice, practitioner, starts, ends, id) WHERE booking = 'booked'; -- all that the look for an overlap needs

CREATE TABLE attendee (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	appointment {{text}} NOT NULL,
	client     {{text}} NOT NULL,
	confirmation {{text}} NOT NULL CHECK (confirmation IN ('not asked', 'awaiting', 'confirmed', 'declined', 'check reply')),
	attendance {{text}} NOT NULL CHECK (attendance IN ('expected', 'arrived', 'in session', 'attended', 'no show', 'left')),
	confirmed_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, appointment) REFERENCES appointment (practice, id),
	FOREIGN KEY (practice, client) REFERENCES client (practice, id)
) {{strict}};
CREATE UNIQUE INDEX attendee_once ON attendee (practice, appointment, client);
CREATE INDEX attendee_client ON attendee (practice, client, appointment, attendance);
