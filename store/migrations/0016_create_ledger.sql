-- the ledger: a Merkle log of what was done in the practices' names. Of leaves, hashes, checkpoints and cosignatures rows are added, never changed or deleted.
CREATE TABLE ledger_head ( -- one row; who appends holds it
	one        {{int}} NOT NULL PRIMARY KEY CHECK (one = 1),
	size       {{int}} NOT NULL,           -- leaves
	edge       {{bytes}},                  -- hashes of the whole subtrees at the right edge, the largest first; NULL of none
	at         {{int}} NOT NULL,           -- of the last leaf
	turns      {{int}} NOT NULL            -- how often it was held
) {{strict}};
INSERT INTO ledger_head (one, size, at, turns) VALUES (1, 0, 0, 0);

-- the last leaf of each practice; the practice '' is the platform
CREATE TABLE ledger_practice (
	practice   {{text}} NOT NULL PRIMARY KEY,
	label      {{bytes}} NOT NULL UNIQUE,  -- digest of its root statement; of the platform zeros
	count      {{int}} NOT NULL,           -- of its leaves
	head       {{bytes}} NOT NULL,         -- hash of the last one
	chain      {{int}} NOT NULL            -- position of the last entry of its approvals that has its leaves
) {{strict}};

-- leaves, a run of one practice in a row
CREATE TABLE ledger_leaf (
	practice   {{text}} NOT NULL,
	sequence   {{int}} NOT NULL,           -- of the first leaf of the run
	count      {{int}} NOT NULL,
	place      {{int}} NOT NULL,           -- of the first leaf in the log, from 0
	leaves     {{bytes}} NOT NULL,         -- each with its length before it, in two bytes
	PRIMARY KEY (practice, sequence)
) {{strict}};
CREATE UNIQUE INDEX ledger_leaf_place ON ledger_leaf (place);

-- the tree's hashes in the order in which they come about (that of tlog.StoredHashIndex), a stretch in a row
CREATE TABLE ledger_hash (
	place      {{int}} NOT NULL PRIMARY KEY, -- of the first
	hashes     {{bytes}} NOT NULL
) {{strict}};

-- what was signed of the log
CREATE TABLE ledger_checkpoint (
	size       {{int}} NOT NULL,
	origin     {{text}} NOT NULL,          -- the key's name
	note       {{text}} NOT NULL,          -- with the log's signature
	at         {{int}} NOT NULL,
	PRIMARY KEY (size, origin)
) {{strict}};

-- what witnesses and auditors signed of it
CREATE TABLE ledger_cosignature (
	size       {{int}} NOT NULL,
	origin     {{text}} NOT NULL,
	cosigner   {{text}} NOT NULL,          -- its verifier key
	line       {{text}} NOT NULL,
	at         {{int}} NOT NULL,
	PRIMARY KEY (size, origin, cosigner),
	FOREIGN KEY (size, origin) REFERENCES ledger_checkpoint (size, origin)
) {{strict}};
