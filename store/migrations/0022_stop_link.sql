-- a stop may hold one link: it is noted and lifted as every other, so the table of switched links goes
CREATE TABLE freeze_entry_rebuilt ( -- "freeze" alone is a reserved word of PostgreSQL
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	scope      {{text}} NOT NULL CHECK (scope IN ('platform', 'practice')),
	part       {{text}} NOT NULL DEFAULT '' CHECK (part IN ('', 'wording', 'version', 'rule', 'order', 'letter', 'grant', 'host', 'link', 'text', 'member', 'credential')),
	subject    {{text}} NOT NULL DEFAULT '', -- which one; '' for everything
	reason     {{text}} NOT NULL,
	who        {{text}} NOT NULL,
	at         {{int}} NOT NULL,
	lifted_at  {{int}} NOT NULL,
	lifted_by  {{text}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
INSERT INTO freeze_entry_rebuilt (practice, id, scope, part, subject, reason, who, at, lifted_at, lifted_by)
	SELECT practice, id, scope, part, subject, reason, who, at, lifted_at, lifted_by FROM freeze_entry;
DROP TABLE freeze_entry;
ALTER TABLE freeze_entry_rebuilt RENAME TO freeze_entry;
CREATE INDEX freeze_open ON freeze_entry (practice) WHERE lifted_at = 0;
DROP TABLE link_switch;
