-- when a client's file was erased: the row stays, for appointments and the record of messages name it
ALTER TABLE client ADD COLUMN erased_at {{int}} NOT NULL DEFAULT 0;
