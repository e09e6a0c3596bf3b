-- api: what was done under a program's Idempotency-Key, for a day: a keyed hash of the request and the id of what it made
CREATE TABLE api_request (
	practice        {{text}} NOT NULL,
	credential      {{text}} NOT NULL,
	idempotency_key {{text}} NOT NULL,
	asked           {{text}} NOT NULL,
	made            {{text}} NOT NULL,
	made_at         {{int}} NOT NULL,
	PRIMARY KEY (practice, credential, idempotency_key)
) {{strict}};
CREATE INDEX api_request_made_at ON api_request (practice, made_at);
