-- what the courier needs to see that nothing has changed since a message was planned
ALTER TABLE client ADD COLUMN touched {{int}} NOT NULL DEFAULT 0; -- counts the changes of what is the client's and stands elsewhere: contacts, consents
ALTER TABLE message ADD COLUMN basis {{text}} NOT NULL DEFAULT ''; -- which versions of rules, appointment and client the plan saw; '' for none

-- orders wait in a lane of their own: they take what others leave
DROP INDEX message_next;
CREATE INDEX message_next ON message (turn, practice) WHERE state = 'queued' AND claimed_by = '' AND kind <> 'order';
CREATE INDEX message_next_order ON message (turn, practice) WHERE state = 'queued' AND claimed_by = '' AND kind = 'order';
