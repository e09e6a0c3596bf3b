-- incident: what went wrong. The incident itself has the practice ''; what concerns one practice has its own.
CREATE TABLE incident (
	practice   {{text}} NOT NULL CHECK (practice = ''),
	id         {{text}} NOT NULL,          -- as its page and file are called: day and eight letters
	kind       {{text}} NOT NULL CHECK (kind IN ('breaker', 'verification', 'journal', 'complaints', 'person', 'program')),
	alarm      {{text}} NOT NULL,          -- what opened it, once: of a breaker the first stop's id
	facts      {{text}} NOT NULL,          -- JSON: what people write of it; read whole
	opened_at  {{int}} NOT NULL,
	opened_by  {{text}} NOT NULL,
	from_at    {{int}} NOT NULL,           -- what is measured: messages made since, and until; 0: still
	until_at   {{int}} NOT NULL,
	measured_at {{int}} NOT NULL,          -- 0: not yet
	told_at    {{int}} NOT NULL,           -- when everybody concerned had been told; 0: not yet
	closed_at  {{int}} NOT NULL,
	closed_by  {{text}} NOT NULL,
	version    {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX incident_alarm ON incident (practice, alarm);
CREATE INDEX incident_opened ON incident (practice, opened_at);

-- whom it concerns
CREATE TABLE incident_practice (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	incident   {{text}} NOT NULL,
	since      {{int}} NOT NULL,           -- when it was known to be
	tell_at    {{int}} NOT NULL,           -- when its people were to be told; 0: not yet
	read_at    {{int}} NOT NULL,           -- when one of them opened the page; 0: nobody yet
	read_by    {{text}} NOT NULL,
	correction {{text}} NOT NULL,          -- what the check page says beside a message of it; '' for nothing
	corrected_by {{text}} NOT NULL,
	corrected_at {{int}} NOT NULL,
	PRIMARY KEY (practice, incident)
) {{strict}};
CREATE INDEX incident_practice_of ON incident_practice (incident, practice);

-- the stops that contain it, as they were made; they tell what is suspect
CREATE TABLE incident_stop (
	practice   {{text}} NOT NULL,          -- the stop's; '' of one that holds everywhere
	incident   {{text}} NOT NULL,
	stop       {{text}} NOT NULL,
	scope      {{text}} NOT NULL,
	subject    {{text}} NOT NULL,
	at         {{int}} NOT NULL,
	PRIMARY KEY (practice, incident, stop)
) {{strict}};
CREATE UNIQUE INDEX incident_stop_once ON incident_stop (practice, stop);
CREATE INDEX incident_stop_of ON incident_stop (incident, at);

-- its timeline, decisions, lessons and actions, in the order in which they were written; of a practice ('' the operator's)
CREATE TABLE incident_entry (
	practice   {{text}} NOT NULL,
	incident   {{text}} NOT NULL,
	number     {{int}} NOT NULL,           -- 1, 2, 3 … of the incident and practice
	at         {{int}} NOT NULL,
	kind       {{text}} NOT NULL CHECK (kind IN ('step', 'decision', 'lesson', 'action')),
	what       {{text}} NOT NULL,
	who        {{text}} NOT NULL,          -- wrote it; of a decision decided it
	why        {{text}} NOT NULL,          -- of a decision; of a step what shows it
	owner      {{text}} NOT NULL,          -- of an action
	due        {{text}} NOT NULL,          -- of an action: a day
	done_at    {{int}} NOT NULL,           -- of an action; 0: open
	PRIMARY KEY (practice, incident, number)
) {{strict}};
CREATE INDEX incident_entry_of ON incident_entry (incident, at);

-- what was measured, of all ('') and of each practice
CREATE TABLE incident_figure (
	practice   {{text}} NOT NULL,
	incident   {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	content    {{text}} NOT NULL,          -- JSON: state, value, method, evidence
	measured_at {{int}} NOT NULL,
	PRIMARY KEY (practice, incident, name)
) {{strict}};
CREATE INDEX incident_figure_of ON incident_figure (incident, practice);

-- who asked which route when, by references alone, for some days. Written a second at a time: a kill may lose that second, and says so (lost)
CREATE TABLE route_use (
	practice   {{text}} NOT NULL,          -- '' where nobody was signed in
	id         {{text}} NOT NULL,
	at         {{int}} NOT NULL,
	route      {{text}} NOT NULL,          -- its pattern
	status     {{int}} NOT NULL,
	member     {{text}} NOT NULL,
	session    {{text}} NOT NULL,
	credential {{text}} NOT NULL,
	address    {{text}} NOT NULL,          -- keyed hash of the network address
	lost       {{int}} NOT NULL,           -- requests before this one that found no room, and are not here
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE INDEX route_use_at ON route_use (practice, at);
CREATE INDEX route_use_old ON route_use (at);

-- complaints are counted as they come
CREATE INDEX message_step_complained ON message_step (at, practice) WHERE step = 'complained';
-- what a stop held is found when the stop is over, too
CREATE INDEX message_step_frozen ON message_step (at, practice) WHERE step = 'held' AND reason = 'frozen';

-- which of a practice's messages are suspect: of a version, or of an order, letter, grant or rule
CREATE TABLE incident_suspect (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	incident   {{text}} NOT NULL,
	digest     {{text}} NOT NULL,          -- of the version; '' where the subject says it
	subject    {{text}} NOT NULL,          -- as a message has it; '' where the version says it
	PRIMARY KEY (practice, incident, digest, subject)
) {{strict}};
CREATE INDEX incident_suspect_of ON incident_suspect (incident, practice);
