package moving

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"letterhead/app/record"
	"letterhead/fault"
	"letterhead/practice"
	"letterhead/store"
	"letterhead/transfer/whole"
)

// MoveOut writes everything of a practice into a new file.
func (o Of) MoveOut(ctx context.Context, actor store.Actor, path string, log record.Host) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Field("--file", "move.file", "the file cannot be made; name one that is not there yet").With(err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := whole.Note(ctx, o.DB, actor); err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	counts, err := whole.Out(ctx, o.DB, o.Keeper, actor, out, func(to io.Writer) error { return record.Pages{Host: log}.Evidence(ctx, actor.Practice, to) })
	if err != nil {
		return err
	}
	if err := errors.Join(out.Flush(), file.Sync()); err != nil {
		return err
	}
	return o.said(actor.Practice, counts, "Everything of practice %s is in the file, with its keys: whoever has it reads all of it.\n")
}

// MoveIn brings a whole practice in; own gives it its name below the platform's domain.
func (o Of) MoveIn(ctx context.Context, path string, own func(practice.Practice) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fault.Field("--file", "move.file", "the file cannot be read").With(err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	actor, counts, err := whole.In(ctx, o.DB, o.Keeper, file, info.Size())
	if err != nil {
		return err
	}
	var p practice.Practice
	if err := o.DB.View(ctx, actor, func(tx *store.Tx) (err error) { p, err = practice.Find(ctx, tx); return err }); err != nil {
		return err
	}
	if err := errors.Join(own(p), o.After(ctx, actor)); err != nil {
		return err
	}
	return o.said(actor.Practice, counts, "Practice %s is in. Nothing leaves before its people sign here: letterhead practice key makes the link to the first key, letterhead member invite --again the links with which they sign in.\n")
}

func (o Of) said(id store.PracticeID, counts whole.Counts, say string) error {
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(map[string]any{"practice": id, "rows": counts})
	}
	_, err := fmt.Fprintf(o.Out, say+"%d clients, %d appointments, %d messages\n", id, counts["client"], counts["appointment"], counts["message"])
	return err
}
