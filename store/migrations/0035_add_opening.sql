-- calendar: when practitioners can be booked, and when not. All times are the wall's of the location.
CREATE TABLE opening (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	practitioner {{text}} NOT NULL,
	location   {{text}} NOT NULL,
	weekday    {{int}} NOT NULL CHECK (weekday BETWEEN 0 AND 6), -- 0 is Sunday
	begins     {{int}} NOT NULL,           -- minutes since midnight
	ends       {{int}} NOT NULL,
	weeks      {{int}} NOT NULL CHECK (weeks BETWEEN 1 AND 4), -- every so many, counted from the week of first_day
	first_day  {{text}} NOT NULL,          -- 2026-12-01
	last_day   {{text}} NOT NULL,          -- '' goes on
	changed_at {{int}} NOT NULL,
	changed_by {{text}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, practitioner) REFERENCES practitioner (practice, id),
	FOREIGN KEY (practice, location) REFERENCES location (practice, id),
	CHECK (begins >= 0 AND begins < ends AND ends <= 1440)
) {{strict}};
CREATE INDEX opening_practitioner ON opening (practice, practitioner);

-- What is otherwise than the hours say, once: time that is blocked, or hours beside the usual ones.
CREATE TABLE exception (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	practitioner {{text}} NOT NULL,        -- '' is everybody
	location   {{text}} NOT NULL,          -- '' is everywhere
	open       {{bool}} NOT NULL,          -- hours beside the usual ones; else nobody is to be booked
	begins     {{text}} NOT NULL,          -- 2026-12-01T10:00
	ends       {{text}} NOT NULL,
	note       {{text}} NOT NULL,          -- for the team: leave, meeting
	changed_at {{int}} NOT NULL,
	changed_by {{text}} NOT NULL,
	PRIMARY KEY (practice, id),
	CHECK (begins < ends)
) {{strict}};
CREATE INDEX exception_ends ON exception (practice, ends);

CREATE TABLE holiday (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	location   {{text}} NOT NULL,          -- '' is everywhere
	day        {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	region     {{text}} NOT NULL,          -- whose list it came from; '' was added here
	works      {{bool}} NOT NULL,          -- the practice works all the same
	changed_at {{int}} NOT NULL,
	changed_by {{text}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX holiday_once ON holiday (practice, day, location, name);

-- Rooms: one appointment at a time is in each.
CREATE TABLE room (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	location   {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	archived_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, location) REFERENCES location (practice, id)
) {{strict}};
CREATE UNIQUE INDEX room_name ON room (practice, location, name) WHERE archived_at = 0;

ALTER TABLE appointment ADD COLUMN room {{text}} NOT NULL DEFAULT '';   -- '' none
ALTER TABLE appointment ADD COLUMN series {{text}} NOT NULL DEFAULT ''; -- what was booked together, to repeat; '' stands alone
CREATE INDEX appointment_room ON appointment (practice, room, starts, ends, id) WHERE booking = 'booked' AND room <> '';
CREATE INDEX appointment_series ON appointment (practice, series, starts) WHERE series <> '';
