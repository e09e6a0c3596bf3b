package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"letterhead/store"
	"letterhead/vault"
)

// An import stages rows here, batch by batch, and makes them visible by Flip in one transaction; package transfer leads. What is staged is
// already normalised and sealed: the flip moves rows inside the database.

// Staged is a row of an export on its way in, or of an undo on its way out.
type Staged struct {
	Line      int
	Action    string // "create", "change", "same", "kept", "restore", "remove"
	ID        ID
	Base      int64 // the version that a change, restore or remove is about; 0 for create
	Person    string
	Client           // names, born, language, zone, reminders, addresses, alert, external; ArchivedAt
	Marketing string // "", "yes", "no"
	Sum       string
	Before    []byte
}

// Imported is what an import needs to know of a client that is there already.
type Imported struct {
	ID            ID
	Version       int64
	ImportVersion int64
	Sum           string
	ArchivedAt    int64
}

// ImportedAs finds clients by their ids in the other system. Of a file that was made one with another it is the other: what is new of that id is theirs.
func ImportedAs(ctx context.Context, tx *store.Tx, externals []string) (map[string]Imported, error) {
	out := make(map[string]Imported, len(externals))
	err := store.Chunks(externals, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT external, CASE WHEN merged_into <> '' THEN merged_into ELSE id END, version, import_version, import_sum, archived_at FROM client
		WHERE practice = $1 AND external <> '' AND external IN (`+list+`)`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var external string
			var i Imported
			err := r.Scan(&external, &i.ID, &i.Version, &i.ImportVersion, &i.Sum, &i.ArchivedAt)
			out[external] = i
			return struct{}{}, err
		})
		return err
	})
	return out, err
}

// ImportSum is the keyed sum of everything that an import takes over of a row. Keyed, because it stands in clear beside the names and would
// otherwise let a number be guessed from them.
func ImportSum(keys *vault.Keys, s Staged) string {
	c := s.Client
	plain, err := json.Marshal([]any{1, c.External, c.Title, c.FirstName, c.LastName, c.PreferredName, c.Born, c.Language, c.Zone, c.Reminders,
		c.Email, c.Mobile, c.Alert, s.Marketing, !c.ArchivedAt.IsZero()})
	if err != nil {
		panic("client: a row that is no JSON: " + err.Error()) // strings and a bool: it cannot be
	}
	return keys.Index("import", string(plain))
}

const stagedColumns = `practice, batch, line, action, external, id, base, person, title, first_name, last_name, preferred_name, folded, born, language, zone,
	reminders, email_state, mobile_state, sealed, email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index, marketing, consent,
	archived_at, import_sum, before`

// Stage seals rows and writes them to the staging table. The row of a change or restore is sealed for the version that it will have. What stays
// as it is carries only its ids, by which appointments find it and a second row of the same id is refused.
func Stage(ctx context.Context, tx *store.Tx, keys *vault.Keys, batch string, staged []Staged) error {
	rows := make([][]any, len(staged))
	for i, s := range staged {
		if s.Action != "create" && s.Action != "change" && s.Action != "restore" {
			rows[i] = []any{batch, s.Line, s.Action, s.External, s.ID, s.Base, s.Person, "", "", "", "", "", "", "", "", "", "", "", []byte{}, "", "", "", "", "", "", "", "", 0, "", []byte{}}
			continue
		}
		c := s.Client
		details := Details{Email: c.Email, Mobile: c.Mobile, Alert: c.Alert}
		x := IndexesOf(keys, details)
		consent, before := "", s.Before
		if s.Marketing != "" {
			consent = store.NewID[string]()
		}
		if before == nil {
			before = []byte{}
		}
		rows[i] = []any{batch, s.Line, s.Action, s.External, s.ID, s.Base, s.Person, c.Title, c.FirstName, c.LastName, c.PreferredName,
			FoldNames(c.FirstName, c.LastName, c.PreferredName), c.Born, c.Language, c.Zone, string(c.Reminders), string(c.Email.State), string(c.Mobile.State),
			Seal(keys, s.ID, s.Base+1, details), x.Email, x.Local, x.Mobile, x.Tail4, x.Tail5, x.Tail6, s.Marketing, consent, store.Micro(c.ArchivedAt), s.Sum, before}
	}
	_, err := tx.Bulk(ctx, `INSERT INTO staged_client (`+stagedColumns+`) VALUES`, "", rows)
	return err
}

// snapshot is a row as it was, for the undo.
type snapshot struct {
	Client Client
	Sum    string
}

func beforePlace(id ID, version int64) vault.Place {
	return vault.Place{Table: "import_change", Row: string(id), Column: "before", Version: version}
}

// Before returns clients as they are, sealed, by id: what an undo puts back.
func Before(ctx context.Context, tx *store.Tx, keys *vault.Keys, ids []ID) (map[ID][]byte, error) {
	out := make(map[ID][]byte, len(ids))
	err := store.Chunks(ids, 2, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT id, external, title, first_name, last_name, preferred_name, born, language, zone, reminders, sealed, version, archived_at, import_sum
		FROM client WHERE practice = $1 AND id IN (`+list+`)`, args...)
		_, err = store.Collect(rows, err, func(r *store.Rows) (struct{}, error) {
			var s snapshot
			var sealed []byte
			var archived int64
			c := &s.Client
			if err := r.Scan(&c.ID, &c.External, &c.Title, &c.FirstName, &c.LastName, &c.PreferredName, &c.Born, &c.Language, &c.Zone, &c.Reminders, &sealed, &c.Version, &archived, &s.Sum); err != nil {
				return struct{}{}, err
			}
			details, err := open(tx, keys, vault.Of{Fields: clientFields}, c.ID, c.Version, sealed) // by the thousand: counted
			if err != nil {
				return struct{}{}, err
			}
			c.Email, c.Mobile, c.Alert, c.ArchivedAt = details.Email, details.Mobile, details.Alert, store.Instant(archived)
			plain, err := json.Marshal(s)
			if err != nil {
				return struct{}{}, err
			}
			out[c.ID] = keys.Seal(beforePlace(c.ID, c.Version), plain)
			return struct{}{}, nil
		})
		return err
	})
	return out, err
}

// Restoring turns what Before sealed into a row to stage: the client as it was, to replace version now.
func Restoring(tx *store.Tx, keys *vault.Keys, line int, id ID, now int64, before []byte) (Staged, error) {
	plain, err := keys.Open(tx, vault.Of{Fields: clientFields}, beforePlace(id, now-1), before)
	if err != nil {
		return Staged{}, fmt.Errorf("open what client %s was: %w", id, err)
	}
	var was snapshot
	if err := json.Unmarshal(plain, &was); err != nil {
		return Staged{}, fmt.Errorf("read what client %s was: %w", id, err)
	}
	return Staged{Line: line, Action: "restore", ID: id, Base: now, Client: was.Client, Sum: was.Sum}, nil
}

// Flipped counts what a flip did.
type Flipped struct{ Created, Changed, Consents int64 }

// Flip makes a batch's staged clients visible. What was changed here since it was staged becomes "kept" in the staging table.
func Flip(ctx context.Context, tx *store.Tx, batch string) (Flipped, error) {
	var f Flipped
	if _, err := tx.Exec(ctx, `UPDATE staged_client SET action = 'kept' WHERE practice = $1 AND batch = $2 AND action IN ('change', 'restore') AND NOT EXISTS
		(SELECT 1 FROM client c WHERE c.practice = $1 AND c.id = staged_client.id AND c.version = staged_client.base)`, batch); err != nil {
		return f, fmt.Errorf("find clients changed since: %w", err)
	}
	var err error
	f.Created, err = tx.Exec(ctx, `INSERT INTO client (practice, id, external, title, first_name, last_name, preferred_name, folded, born, language, zone,
			reminders, email_state, mobile_state, sealed, email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index,
			import_sum, import_version, batch, version, created_at, changed_at, changed_by, archived_at)
		SELECT practice, id, external, title, first_name, last_name, preferred_name, folded, born, language, zone,
			reminders, email_state, mobile_state, sealed, email_index, local_index, mobile_index, tail4_index, tail5_index, tail6_index,
			import_sum, 1, batch, 1, CAST($3 AS BIGINT), CAST($3 AS BIGINT), 'import', archived_at
		FROM staged_client WHERE practice = $1 AND batch = $2 AND action = 'create'`, batch, store.Micro(tx.Now))
	if err != nil {
		return f, fmt.Errorf("create clients: %w", err)
	}
	var changed int64
	if err := tx.Row(ctx, `SELECT count(*) FROM staged_client WHERE practice = $1 AND batch = $2 AND action IN ('change', 'restore')`, batch).Scan(&changed); err != nil {
		return f, err
	}
	if changed > 0 { // a join with nothing in it is the one that a planner gets most wrong
		f.Changed, err = tx.Exec(ctx, `UPDATE client SET title = s.title, first_name = s.first_name, last_name = s.last_name, preferred_name = s.preferred_name, folded = s.folded,
			born = s.born, language = s.language, zone = s.zone, reminders = s.reminders, email_state = s.email_state, mobile_state = s.mobile_state, sealed = s.sealed,
			email_index = s.email_index, local_index = s.local_index, mobile_index = s.mobile_index, tail4_index = s.tail4_index, tail5_index = s.tail5_index,
			tail6_index = s.tail6_index, import_sum = s.import_sum, import_version = s.base + 1, version = s.base + 1, changed_at = $3, changed_by = 'import', archived_at = s.archived_at
		FROM staged_client s WHERE client.practice = $1 AND s.practice = $1 AND s.batch = $2 AND s.action IN ('change', 'restore') AND client.id = s.id AND client.version = s.base`,
			batch, store.Micro(tx.Now))
		if err != nil {
			return f, fmt.Errorf("change clients: %w", err)
		}
	}
	// An answer that was given here, or by the client, counts for more than what another system says: only an import's own answer is renewed.
	f.Consents, err = tx.Exec(ctx, `INSERT INTO consent (practice, id, client, category, channel, given, source, who, at)
		SELECT s.practice, s.consent, s.id, 'marketing', 'email', s.marketing = 'yes', 'import', s.batch, CAST($3 AS BIGINT)
		FROM staged_client s WHERE s.practice = $1 AND s.batch = $2 AND s.action IN ('create', 'change') AND s.marketing <> ''
		AND NOT EXISTS (SELECT 1 FROM consent c WHERE c.practice = $1 AND c.client = s.id AND c.category = 'marketing' AND c.channel = 'email' AND c.source <> 'import')
		AND (SELECT c.given FROM consent c WHERE c.practice = $1 AND c.client = s.id AND c.category = 'marketing' AND c.channel = 'email' ORDER BY c.at DESC, c.id DESC LIMIT 1)
			IS DISTINCT FROM (s.marketing = 'yes')`, batch, store.Micro(tx.Now))
	if err != nil {
		return f, fmt.Errorf("write consents: %w", err)
	}
	return f, nil
}

// KeepStaged takes clients out of an undo.
func KeepStaged(ctx context.Context, tx *store.Tx, batch string, ids []ID) error {
	return store.Chunks(ids, 3, func(list string, args []any) error {
		_, err := tx.Exec(ctx, `UPDATE staged_client SET action = 'kept' WHERE practice = $1 AND batch = $2 AND id IN (`+list+`)`, append([]any{batch}, args...)...)
		return err
	})
}

// Withdraw deletes the clients that a batch created, as staged by its undo. Who was changed here since, has an appointment, a contact or an answer of
// their own stays and becomes "kept" in the staging table. The consents of the batch go with the clients, and from those that are restored.
func Withdraw(ctx context.Context, tx *store.Tx, undo, batch string) (int64, error) {
	_, err := tx.Exec(ctx, `UPDATE staged_client SET action = 'kept' WHERE practice = $1 AND batch = $2 AND action = 'remove' AND (
		NOT EXISTS (SELECT 1 FROM client c WHERE c.practice = $1 AND c.id = staged_client.id AND c.version = staged_client.base)
		OR EXISTS (SELECT 1 FROM attendee a WHERE a.practice = $1 AND a.client = staged_client.id)
		OR EXISTS (SELECT 1 FROM contact k WHERE k.practice = $1 AND k.client = staged_client.id)
		OR EXISTS (SELECT 1 FROM consent o WHERE o.practice = $1 AND o.client = staged_client.id AND (o.source <> 'import' OR o.who <> $3)))`, undo, batch)
	if err != nil {
		return 0, fmt.Errorf("find clients to keep: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM consent WHERE practice = $1 AND source = 'import' AND who = $3 AND client IN
		(SELECT id FROM staged_client s WHERE s.practice = $1 AND s.batch = $2 AND s.action IN ('remove', 'restore'))`, undo, batch); err != nil {
		return 0, fmt.Errorf("delete consents: %w", err)
	}
	n, err := tx.Exec(ctx, `DELETE FROM client WHERE practice = $1 AND id IN (SELECT id FROM staged_client s WHERE s.practice = $1 AND s.batch = $2 AND s.action = 'remove')`, undo)
	if err != nil {
		return 0, fmt.Errorf("delete clients: %w", err)
	}
	return n, nil
}

// ClearStaged deletes staged rows of one batch other than keep, at most limit of them, and says whether there were any.
func ClearStaged(ctx context.Context, tx *store.Tx, keep string, limit int) (bool, error) {
	var batch string
	var line int64
	err := tx.Row(ctx, `SELECT batch, line FROM staged_client WHERE practice = $1 AND batch <> $2 ORDER BY batch, line LIMIT 1`, keep).Scan(&batch, &line)
	if errors.Is(err, store.ErrNone) {
		return false, nil
	}
	if err == nil {
		_, err = tx.Exec(ctx, `DELETE FROM staged_client WHERE practice = $1 AND batch = $2 AND line < $3`, batch, line+int64(limit))
	}
	return true, err
}
