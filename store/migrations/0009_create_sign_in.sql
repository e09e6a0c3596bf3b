-- guard: how members sign in, what programs may do, who may see a client.
-- Rows of a person have the practice '': a person may work at several.

ALTER TABLE member ADD COLUMN person {{text}} NOT NULL DEFAULT '';   -- '' until the invitation is accepted
ALTER TABLE member ADD COLUMN sees {{text}} NOT NULL DEFAULT 'all' CHECK (sees IN ('all', 'own')); -- own: the clients alone with whom they have an appointment
CREATE INDEX member_person ON member (person) WHERE person <> '';

-- somebody who signs in
CREATE TABLE person (
	practice   {{text}} NOT NULL CHECK (practice = ''),
	id         {{text}} NOT NULL,
	email      {{text}} NOT NULL,          -- with which they sign in
	password   {{text}} NOT NULL,          -- argon2id, as a PHC string; '' when none
	totp       {{bytes}} NOT NULL,         -- the one-time codes' secret, sealed; empty when none
	totp_step  {{int}} NOT NULL,           -- the last step that was used
	created_at {{int}} NOT NULL,
	changed_at {{int}} NOT NULL,           -- when the ways to sign in were changed last
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX person_email ON person (practice, email);

CREATE TABLE passkey (
	practice   {{text}} NOT NULL CHECK (practice = ''),
	id         {{text}} NOT NULL,
	person     {{text}} NOT NULL,
	credential {{text}} NOT NULL,          -- the authenticator's id of it, base64url
	public_key {{bytes}} NOT NULL,         -- PKIX
	counter    {{int}} NOT NULL,
	backed_up  {{bool}} NOT NULL,
	name       {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	used_at    {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, person) REFERENCES person (practice, id)
) {{strict}};
CREATE UNIQUE INDEX passkey_credential ON passkey (practice, credential);
CREATE INDEX passkey_person ON passkey (practice, person);

CREATE TABLE recovery (
	practice   {{text}} NOT NULL CHECK (practice = ''),
	id         {{text}} NOT NULL,
	person     {{text}} NOT NULL,
	hash       {{text}} NOT NULL,          -- HMAC
	used_at    {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, person) REFERENCES person (practice, id)
) {{strict}};
CREATE UNIQUE INDEX recovery_hash ON recovery (practice, person, hash);

-- challenges and codes that were used, until nobody could bring them any more
CREATE TABLE spent (
	practice   {{text}} NOT NULL CHECK (practice = ''),
	hash       {{text}} NOT NULL,
	until      {{int}} NOT NULL,
	PRIMARY KEY (practice, hash)
) {{strict}};
CREATE INDEX spent_until ON spent (until);

CREATE TABLE session (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	hash       {{text}} NOT NULL,          -- HMAC of the token
	person     {{text}} NOT NULL,
	member     {{text}} NOT NULL,
	device     {{text}} NOT NULL,          -- HMAC of the device's own token
	label      {{text}} NOT NULL,          -- "Firefox on Windows"
	way        {{text}} NOT NULL CHECK (way IN ('passkey', 'password', 'recovery', 'link')),
	created_at {{int}} NOT NULL,
	seen_at    {{int}} NOT NULL,
	proved_at  {{int}} NOT NULL,           -- when the person showed last that it is them
	ends_at    {{int}} NOT NULL,
	ended_at   {{int}} NOT NULL,
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, member) REFERENCES member (practice, id)
) {{strict}};
CREATE UNIQUE INDEX session_hash ON session (hash);
CREATE INDEX session_person ON session (person, ended_at);

CREATE TABLE invitation (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	member     {{text}} NOT NULL,
	hash       {{text}} NOT NULL,          -- HMAC of the token
	created_at {{int}} NOT NULL,
	created_by {{text}} NOT NULL,
	expires_at {{int}} NOT NULL,
	ended_at   {{int}} NOT NULL,           -- when it was used, replaced or taken back
	PRIMARY KEY (practice, id),
	FOREIGN KEY (practice, member) REFERENCES member (practice, id)
) {{strict}};
CREATE UNIQUE INDEX invitation_hash ON invitation (hash);
CREATE INDEX invitation_member ON invitation (practice, member);

-- what a program may do in a practice's name
CREATE TABLE credential (
	practice   {{text}} NOT NULL,
	id         {{text}} NOT NULL,
	prefix     {{text}} NOT NULL,          -- what its key begins with, to be recognised by
	hash       {{text}} NOT NULL,          -- HMAC of the key
	name       {{text}} NOT NULL,
	scopes     {{text}} NOT NULL,          -- permissions, separated by spaces
	created_at {{int}} NOT NULL,
	created_by {{text}} NOT NULL,
	expires_at {{int}} NOT NULL,
	used_at    {{int}} NOT NULL,
	ended_at   {{int}} NOT NULL,
	PRIMARY KEY (practice, id)
) {{strict}};
CREATE UNIQUE INDEX credential_hash ON credential (hash);

-- a client with rows here is seen by these members alone
CREATE TABLE client_member (
	practice   {{text}} NOT NULL,
	client     {{text}} NOT NULL,
	member     {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	created_by {{text}} NOT NULL,
	PRIMARY KEY (practice, client, member),
	FOREIGN KEY (practice, client) REFERENCES client (practice, id),
	FOREIGN KEY (practice, member) REFERENCES member (practice, id)
) {{strict}};
