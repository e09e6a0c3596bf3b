package call

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"letterhead/fault"
	"letterhead/wording/strict"
)

// The bounds of what is read.
const (
	MaxBody  = 64 << 10
	maxDepth = 6
	maxQuery = 2000 // bytes of all parameters
)

var (
	errType     = fault.New(fault.Invalid, "api.content_type", "send the body as application/json")
	errTooLarge = fault.New(fault.Invalid, "api.too_large", "the body is larger than 64 KiB; send less at once")
	errBody     = fault.New(fault.Invalid, "api.json", "the body is not one JSON object; compare it with the description at /api/v1/openapi.json")
	errTwice    = fault.New(fault.Invalid, "api.member_twice", "a member stands twice in the body; keep one")
	errDeep     = fault.New(fault.Invalid, "api.deep", "the body is nested deeper than any that is described")
	errQuery    = fault.New(fault.Invalid, "api.query", "the address has a parameter that this route does not know, or one twice; compare it with the description at /api/v1/openapi.json")
)

// read reads a request into a struct: the address's parameters of a GET, else the body. A GET has no body, the others no parameters.
func read(r *http.Request, into any) error {
	var err error
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		err = readQuery(r.URL.RawQuery, reflect.ValueOf(into).Elem())
	} else {
		err = readRequest(r, into)
	}
	if err != nil {
		return err
	}
	return check(reflect.ValueOf(into).Elem())
}

func readRequest(r *http.Request, into any) error {
	if r.URL.RawQuery != "" {
		return errQuery
	}
	raw, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errTooLarge
	case err != nil:
		return errBody
	case len(raw) == 0 && reflect.TypeOf(into).Elem().NumField() == 0:
		return nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return errType
	}
	return readBody(raw, into)
}

// member is a name that may be repeated in a refusal: none that could be somebody's.
var member = regexp.MustCompile(`^[a-z][a-z_.]{0,40}$`)

func readBody(raw []byte, into any) error {
	if !utf8.Valid(raw) || !bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
		return errBody
	}
	if f := fault.As(strict.Members(raw, maxDepth)); f != nil {
		switch f.Key {
		case "wording.member_twice":
			return errTwice
		case "wording.deep":
			return errDeep
		case "wording.unknown_member":
			return unknown("")
		}
		return errBody
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && member.MatchString(wrong.Field):
		return fault.Field(wrong.Field, "api.type", "this needs another type of value; compare it with the description at /api/v1/openapi.json")
	}
	if name, is := strings.CutPrefix(err.Error(), `json: unknown field "`); is {
		return unknown(strings.TrimSuffix(name, `"`))
	}
	return errBody
}

func unknown(name string) error {
	if !member.MatchString(name) {
		name = ""
	}
	return fault.Field(name, "api.unknown_field", "the body has a member that this route does not know; remove it, or compare it with the description at /api/v1/openapi.json")
}

// readQuery fills a struct's fields by their query tags: strings and whole numbers.
func readQuery(raw string, into reflect.Value) error {
	if len(raw) > maxQuery {
		return errQuery
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return errQuery
	}
	for i := range into.NumField() {
		name := into.Type().Field(i).Tag.Get("query")
		given, there := values[name]
		if !there {
			continue
		}
		if delete(values, name); len(given) != 1 || !utf8.ValidString(given[0]) || strings.ContainsRune(given[0], 0) {
			return errQuery
		}
		switch field := into.Field(i); field.Kind() { //nolint:exhaustive // a test reads every route's parameters
		case reflect.Int:
			n, err := strconv.Atoi(given[0])
			if err != nil {
				return fault.Field(name, "api.type", "write a whole number")
			}
			field.SetInt(int64(n))
		default:
			field.SetString(given[0])
		}
	}
	if len(values) > 0 {
		return errQuery
	}
	return nil
}

// check holds every text to what its field takes: one of the words that are listed, and nothing that a database cannot keep.
func check(v reflect.Value) error {
	for i := range v.NumField() {
		kind, field := v.Type().Field(i), v.Field(i)
		name, _, _ := strings.Cut(kind.Tag.Get("json")+kind.Tag.Get("query"), ",")
		var texts []string
		switch given := field.Interface().(type) {
		case string:
			texts = []string{given}
		case []string:
			texts = given
		case *string:
			if given != nil {
				texts = []string{*given}
			}
		}
		for _, text := range texts {
			if strings.ContainsRune(text, 0) {
				return fault.Field(name, "api.text", "this holds a character that is no text; remove it")
			}
			words := kind.Tag.Get("enum")
			missing := text == "" && kind.Tag.Get("query") != "" // a parameter that is not there
			if words != "" && !missing && !slices.Contains(strings.Split(words, ","), text) {
				return fault.Field(name, "api.enum", "choose one of: %s", strings.TrimPrefix(strings.ReplaceAll(words, ",", ", "), ", "))
			}
		}
	}
	return nil
}
