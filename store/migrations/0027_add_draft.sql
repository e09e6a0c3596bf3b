-- wording_draft: a template as it is being changed; it becomes a version when somebody asks for approval
CREATE TABLE wording_draft (
	practice   {{text}} NOT NULL,
	wording    {{text}} NOT NULL,
	base       {{text}} NOT NULL,          -- the version that it began with
	edition    {{int}} NOT NULL,           -- one more with each change; whoever changes says which they have read
	content    {{text}} NOT NULL,          -- JSON: the version, and which edition changed which of its parts
	before     {{text}} NOT NULL,          -- the same before the last change; '' when there was none
	changed_by {{text}} NOT NULL,
	changed_at {{int}} NOT NULL,
	PRIMARY KEY (practice, wording),
	FOREIGN KEY (practice, wording) REFERENCES wording (practice, id)
) {{strict}};
