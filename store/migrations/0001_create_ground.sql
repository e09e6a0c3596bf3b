-- store: which migrations are applied
CREATE TABLE migration (
	number     {{int}} PRIMARY KEY,
	name       {{text}} NOT NULL,
	sum        {{text}} NOT NULL,
	applied_at {{int}} NOT NULL
) {{strict}};

-- job: background work. practice is '' for work of the whole installation
CREATE TABLE job (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	kind       {{text}} NOT NULL,
	subject    {{text}} NOT NULL,          -- at most one open job for each practice, kind and subject
	state      {{text}} NOT NULL CHECK (state IN ('open', 'done', 'failed')),
	run_at     {{int}} NOT NULL,
	attempts   {{int}} NOT NULL,
	claimed_until {{int}} NOT NULL,        -- 0: nobody has it
	cursor     {{text}} NOT NULL,          -- where a long job goes on after a crash
	done       {{int}} NOT NULL,           -- progress: of total
	total      {{int}} NOT NULL,
	error      {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	finished_at {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX job_once ON job (practice, kind, subject) WHERE state = 'open';
CREATE INDEX job_next ON job (run_at) WHERE state = 'open';

-- vault: each practice's wrapped keyset
CREATE TABLE keyset (
	practice   {{text}} NOT NULL PRIMARY KEY,
	wrapped    {{bytes}} NOT NULL,         -- sealed with the key-encryption key; erasing it erases what it sealed
	created_at {{int}} NOT NULL
) {{strict}};

-- guard: who works at a practice
CREATE TABLE member (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	email      {{text}} NOT NULL,
	name       {{text}} NOT NULL,
	role       {{text}} NOT NULL CHECK (role IN ('owner', 'manager', 'practitioner', 'front desk', 'bookkeeper', 'read-only')),
	created_at {{int}} NOT NULL,
	ended_at   {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX member_email ON member (practice, email) WHERE ended_at = 0;
