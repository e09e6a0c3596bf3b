package practice

import (
	"context"
	"errors"
	"fmt"

	"letterhead/fault"
	"letterhead/store"
	"letterhead/wording"
	"letterhead/wording/brand"
	"letterhead/wording/picture"
)

// Picture is one of the practice's, as a version names it.
type Picture struct {
	wording.Image
	Logo bool
}

// mostPictures bounds how many a practice keeps: 20 MB.
const mostPictures = 100

// The errors of pictures.
var (
	errPicture  = fault.Field("picture", "practice.no_picture", "no such picture; add it first")
	errPictures = fault.Field("picture", "practice.pictures", "a practice keeps at most %d pictures; use one of them", mostPictures)
)

// CheckPicture makes of what somebody handed in a picture as it is kept, and how a version names it. The bytes are good even where the words are not.
func CheckPicture(data []byte, alt string) ([]byte, wording.Image, error) {
	clean, err := picture.Clean(data)
	if err != nil {
		return nil, wording.Image{}, err
	}
	image, err := wording.Describe(clean, alt)
	if err == nil {
		err = brand.CheckImage("alt", &image)
	}
	return clean, image, err
}

// AddPicture keeps a picture. One that is there already gets the new words; what was signed with the old ones stays as it is.
func AddPicture(ctx context.Context, tx *store.Tx, data []byte, alt string) (wording.Image, error) {
	clean, image, err := CheckPicture(data, alt)
	if err != nil {
		return image, err
	}
	var n int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM picture WHERE practice = $1 AND digest <> $2`, image.SHA256).Scan(&n); err != nil {
		return image, err
	}
	if n >= mostPictures {
		return image, errPictures
	}
	_, err = tx.Exec(ctx, `INSERT INTO picture (practice, digest, alt, content, logo, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (practice, digest) DO UPDATE SET alt = excluded.alt`, image.SHA256, image.Alt, clean, false, tx.Actor.Who(), store.Micro(tx.Now))
	if err != nil {
		return image, fmt.Errorf("keep a picture: %w", err)
	}
	return image, nil
}

// Pictures returns the bytes of pictures by their digests. One that the practice does not have is left out, and so is one that is larger than any that was
// kept here. Whoever uses one compares its digest.
func Pictures(ctx context.Context, tx *store.Tx, digests []string) (map[string][]byte, error) {
	type kept struct {
		digest  string
		content []byte
	}
	out := make(map[string][]byte, len(digests))
	err := store.Chunks(digests, 3, func(list string, args []any) error {
		rows, err := tx.Query(ctx, `SELECT digest, content FROM picture WHERE practice = $1 AND length(content) <= $2 AND digest IN (`+list+`)`, append([]any{picture.MaxOne}, args...)...)
		all, err := store.Collect(rows, err, func(r *store.Rows) (k kept, err error) { return k, r.Scan(&k.digest, &k.content) })
		for _, k := range all {
			out[k.digest] = k.content
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read pictures: %w", err)
	}
	return out, nil
}

// AllPictures lists the practice's pictures, the newest first. One whose bytes are not what its digest says is left out.
func AllPictures(ctx context.Context, tx *store.Tx) ([]Picture, error) {
	rows, err := tx.Query(ctx, `SELECT digest, alt, logo, content FROM picture WHERE practice = $1 AND length(content) <= $2 ORDER BY made_at DESC, digest LIMIT $3`, picture.MaxOne, mostPictures)
	all, err := store.Collect(rows, err, func(r *store.Rows) (p Picture, err error) {
		var digest, alt string
		var content []byte
		if err := r.Scan(&digest, &alt, &p.Logo, &content); err != nil {
			return p, err
		}
		if image, err := wording.Describe(content, alt); err == nil && image.SHA256 == digest {
			p.Image = image
		}
		return p, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the pictures: %w", err)
	}
	var good []Picture
	for _, p := range all {
		if p.SHA256 != "" {
			good = append(good, p)
		}
	}
	return good, nil
}

// FindPicture returns one picture as a version names it.
func FindPicture(ctx context.Context, tx *store.Tx, digest string) (wording.Image, []byte, error) {
	var alt string
	var content []byte
	err := tx.Row(ctx, `SELECT alt, content FROM picture WHERE practice = $1 AND digest = $2 AND length(content) <= $3`, digest, picture.MaxOne).Scan(&alt, &content)
	if errors.Is(err, store.ErrNone) {
		return wording.Image{}, nil, errPicture
	}
	if err != nil {
		return wording.Image{}, nil, fmt.Errorf("read a picture: %w", err)
	}
	image, err := wording.Describe(content, alt)
	if err == nil && image.SHA256 != digest {
		err = errPicture
	}
	return image, content, err
}

// Logo is the picture that stands at the top of the practice's messages; nil where there is none.
func Logo(ctx context.Context, tx *store.Tx) (*wording.Image, error) {
	var digest string
	err := tx.Row(ctx, `SELECT digest FROM picture WHERE practice = $1 AND logo ORDER BY digest LIMIT 1`).Scan(&digest)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the logo: %w", err)
	}
	image, _, err := FindPicture(ctx, tx, digest)
	if err != nil {
		return nil, err
	}
	return &image, nil
}

// SetLogo makes a picture the logo; "" takes the logo away. What messages carry changes with their next versions.
func SetLogo(ctx context.Context, tx *store.Tx, digest string) error {
	if digest != "" {
		if _, _, err := FindPicture(ctx, tx, digest); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE picture SET logo = (digest = $2) WHERE practice = $1 AND (logo OR digest = $2)`, digest)
	return err
}

// Attach gives a version the bytes of the pictures that it names, each held against its digest. One that is not there, or is another, is not given: such a
// version compiles for nobody.
func Attach(ctx context.Context, tx *store.Tx, v *wording.Version) error {
	images := v.Images()
	if len(images) == 0 {
		return nil
	}
	digests := make([]string, len(images))
	for i := range images {
		digests[i] = images[i].SHA256
	}
	found, err := Pictures(ctx, tx, digests)
	if err != nil {
		return err
	}
	for _, i := range images {
		if content := found[i.SHA256]; content != nil {
			_ = v.Attach(content) // another picture than the signed one stays away
		}
	}
	return nil
}
