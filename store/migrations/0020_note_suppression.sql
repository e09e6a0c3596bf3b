-- whether the courier's journal has the row; and, where the client asked for messages again, the proof of that wish, until the courier has verified it
ALTER TABLE suppression ADD COLUMN noted {{int}} NOT NULL DEFAULT 0;
ALTER TABLE suppression ADD COLUMN proof {{text}} NOT NULL DEFAULT '';
CREATE INDEX suppression_fresh ON suppression (practice, channel, address_index) WHERE noted = 0;
