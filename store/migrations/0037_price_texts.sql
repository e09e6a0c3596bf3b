-- what one part of a text message costs the practice, in ten-thousandths of its money; 0 is not known
ALTER TABLE practice ADD COLUMN sms_price {{int}} NOT NULL DEFAULT 0;
