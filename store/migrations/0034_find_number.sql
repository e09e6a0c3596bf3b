-- what a text message answers is found by its number
CREATE INDEX message_number ON message (practice, address_index, created_at) WHERE channel = 'sms';
