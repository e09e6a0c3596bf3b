-- practice: the clinic itself; its id is the column practice
CREATE TABLE practice (
	practice   {{text}} NOT NULL PRIMARY KEY,
	name       {{text}} NOT NULL,
	country    {{text}} NOT NULL,          -- ISO 3166-1 alpha-2
	zone       {{text}} NOT NULL,          -- IANA
	language   {{text}} NOT NULL,          -- BCP 47
	phone      {{text}} NOT NULL,
	email      {{text}} NOT NULL,
	website    {{text}} NOT NULL,          -- host name, without https://
	address    {{text}} NOT NULL,          -- lines separated by newlines
	accent     {{text}} NOT NULL,          -- #rrggbb
	sender_local {{text}} NOT NULL,        -- what stands before the @ of the From address
	domain     {{text}} NOT NULL,          -- of the From address; '' means the platform's subdomain
	label      {{text}} NOT NULL,          -- the platform subdomain: letters, digits, hyphens
	default_channel {{text}} NOT NULL CHECK (default_channel IN ('email', 'sms', 'none')),
	sms_services {{bool}} NOT NULL,        -- service names may stand in text messages
	quiet_from {{int}} NOT NULL,           -- minutes since midnight, in the recipient's zone
	quiet_to   {{int}} NOT NULL,
	client_word {{text}} NOT NULL CHECK (client_word IN ('client', 'patient')),
	created_at {{int}} NOT NULL,
	closed_at  {{int}} NOT NULL
) {{strict}};
CREATE UNIQUE INDEX practice_label ON practice (label);

CREATE TABLE location (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	zone       {{text}} NOT NULL,
	address    {{text}} NOT NULL,
	phone      {{text}} NOT NULL,
	directions {{text}} NOT NULL,
	reply_to   {{text}} NOT NULL,          -- Reply-To of mails about appointments here; '' means the practice's
	position   {{int}} NOT NULL,           -- the first one is where an appointment is when none is named
	archived_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX location_name ON location (practice, name) WHERE archived_at = 0;

CREATE TABLE service (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	minutes    {{int}} NOT NULL CHECK (minutes > 0),
	mode       {{text}} NOT NULL CHECK (mode IN ('in person', 'video', 'phone', 'home')), -- unless the appointment says otherwise
	archived_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX service_name ON service (practice, name) WHERE archived_at = 0;

CREATE TABLE practitioner (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	member     {{text}} NOT NULL,          -- '' when not a team member
	position   {{int}} NOT NULL,
	archived_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX practitioner_name ON practitioner (practice, name) WHERE archived_at = 0;
