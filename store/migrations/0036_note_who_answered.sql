-- who said whether the client comes: a member's id, "link" for a mail's link, "reply" for a text message, "" not known
ALTER TABLE attendee ADD COLUMN answered_by {{text}} NOT NULL DEFAULT '';

-- what a mail's link asks to cancel: a place in an appointment; '' of a text message
ALTER TABLE answer ADD COLUMN appointment {{text}} NOT NULL DEFAULT '';
ALTER TABLE answer ADD COLUMN attendee {{text}} NOT NULL DEFAULT '';
