-- states of incidents that are to be put on record: a row is written in the transaction that makes the state, and goes in the one that appends its leaf
CREATE TABLE ledger_wanted (
	practice   {{text}} NOT NULL,          -- '' for the installation
	id         {{text}} NOT NULL,          -- of the incident
	at         {{int}} NOT NULL,           -- of the state
	word       {{text}} NOT NULL,          -- 'opened', 'changed', 'closed'
	digest     {{bytes}} NOT NULL,         -- of the state
	PRIMARY KEY (practice, id, at, word)
) {{strict}};
