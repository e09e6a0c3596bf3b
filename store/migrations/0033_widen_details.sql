-- practice: what its locations, services and practitioners are besides their names, and what was changed of all of it, by whom, so that it can be undone
ALTER TABLE location ADD COLUMN mode {{text}} NOT NULL DEFAULT '';         -- how appointments are held here; '' means as the service says
ALTER TABLE location ADD COLUMN hours {{text}} NOT NULL DEFAULT '';        -- when it is open: seven of FROM-TO in minutes of the day, Monday first; '' says nothing
ALTER TABLE service ADD COLUMN price {{int}} NOT NULL DEFAULT 0;           -- in the smallest unit of the country's money; 0 says nothing
ALTER TABLE service ADD COLUMN colour {{text}} NOT NULL DEFAULT '';        -- one of a list; '' means the practice's
ALTER TABLE service ADD COLUMN bookable {{bool}} NOT NULL DEFAULT FALSE;  -- clients may book it themselves, once they can
ALTER TABLE service ADD COLUMN sensitive {{bool}} NOT NULL DEFAULT FALSE; -- no message names it
ALTER TABLE practitioner ADD COLUMN title {{text}} NOT NULL DEFAULT '';    -- stands before the name: Dr
ALTER TABLE practitioner ADD COLUMN services {{text}} NOT NULL DEFAULT '';  -- ids with commas between them; '' means all
ALTER TABLE practitioner ADD COLUMN locations {{text}} NOT NULL DEFAULT ''; -- the same

CREATE TABLE practice_edit (
	practice   {{text}} NOT NULL REFERENCES practice (practice),
	id         {{text}} NOT NULL,
	thing      {{text}} NOT NULL CHECK (thing IN ('practice', 'location', 'service', 'practitioner')),
	subject    {{text}} NOT NULL,          -- the id of what was changed; of the practice, ''
	before     {{text}} NOT NULL,          -- JSON
	after      {{text}} NOT NULL,          -- JSON
	who        {{text}} NOT NULL,
	made_at    {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE INDEX practice_edit_subject ON practice_edit (practice, thing, subject, id);
