package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"letterhead/api/call"
	"letterhead/guard"
)

type object = map[string]any

// description serves the OpenAPI document of a table. It is made of the routes themselves and the types that their handlers read and write.
func description(table []call.Route) http.Handler {
	raw := openAPI(table)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(raw)
	})
}

// openAPI describes a table. OpenAPI 3.1.
func openAPI(table []call.Route) []byte {
	d := describer{schemas: object{}}
	paths := object{}
	for _, r := range table {
		at, known := paths[r.Path()].(object)
		if !known {
			at = object{}
			paths[r.Path()] = at
		}
		at[strings.ToLower(r.Method())] = d.operation(r)
	}
	scopes := []string{}
	for _, s := range guard.Scopes() {
		scopes = append(scopes, s.String())
	}
	d.schema(reflect.TypeFor[call.Problem]())
	d.schemas["Problem"].(object)["properties"].(object)["fix"].(object)["enum"] = call.Fixes()
	raw, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{"title": "Letterhead", "version": "1", "description": "What programs may read and change of a practice. docs/api.md shows it step by step. A request has a credential's key as bearer token, " +
			"never in an address, and comes from a program, never from a page in a browser. Scopes: " + strings.Join(scopes, ", ") + "."},
		"security":   []object{{"key": []string{}}},
		"paths":      paths,
		"components": object{"schemas": d.schemas, "securitySchemes": object{"key": object{"type": "http", "scheme": "bearer"}}},
	}, "", "  ")
	if err != nil {
		panic("api: a description that is no JSON: " + err.Error()) // the program's own types
	}
	return append(raw, '\n')
}

type describer struct{ schemas object }

var inPath = regexp.MustCompile(`\{([a-z]+)\}`)

func (d describer) operation(r call.Route) object {
	in, out := r.Types()
	parameters := []object{}
	for _, name := range inPath.FindAllStringSubmatch(r.Path(), -1) {
		parameters = append(parameters, object{"name": name[1], "in": "path", "required": true, "schema": object{"type": "string", "maxLength": 64}})
	}
	body := object(nil)
	if r.Method() == http.MethodGet {
		for i := range in.NumField() {
			f := in.Field(i)
			p := object{"name": f.Tag.Get("query"), "in": "query", "schema": d.field(f)}
			parameters = append(parameters, p)
		}
	} else if in.NumField() > 0 {
		body = object{"required": true, "content": object{"application/json": object{"schema": d.schema(in)}}}
	}
	header := func(name, about string, required bool) {
		parameters = append(parameters, object{"name": name, "in": "header", "required": required, "description": about, "schema": object{"type": "string"}})
	}
	if r.Matches() {
		header("If-Match", "The ETag of the version that was read.", true)
	}
	if r.Method() != http.MethodGet {
		header("Idempotency-Key", "The same request with the same key within a day is carried out once.", r.Makes())
	}
	status := r.Status()
	answer := object{"description": http.StatusText(status), "content": object{"application/json": object{"schema": d.schema(out)}}}
	problem := object{"description": "A refusal.", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}}
	o := object{"summary": r.About(), "description": "Scope: " + string(r.Scope()) + ".", "responses": object{statusText(status): answer, "default": problem}}
	if len(parameters) > 0 {
		o["parameters"] = parameters
	}
	if body != nil {
		o["requestBody"] = body
	}
	return o
}

func statusText(status int) string { raw, _ := json.Marshal(status); return string(raw) }

// schema describes a type, and a struct by a reference to its description.
func (d describer) schema(t reflect.Type) object {
	switch t.Kind() { //nolint:exhaustive // what else there is panics, in a test
	case reflect.Pointer:
		return d.schema(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Slice:
		return object{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return object{"type": "string", "format": "date-time"}
		}
		if _, known := d.schemas[t.Name()]; !known {
			d.schemas[t.Name()] = object{} // a type within itself ends here
			d.schemas[t.Name()] = d.object(t)
		}
		return object{"$ref": "#/components/schemas/" + t.Name()}
	}
	panic("api: no description of " + t.String())
}

func (d describer) object(t reflect.Type) object {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties[name] = d.field(f)
		if option != "omitempty" {
			required = append(required, name)
		}
	}
	o := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func (d describer) field(f reflect.StructField) object {
	o := d.schema(f.Type)
	if about := f.Tag.Get("doc"); about != "" {
		o["description"] = about
	}
	if words := f.Tag.Get("enum"); words != "" {
		o["enum"] = slices.DeleteFunc(strings.Split(words, ","), func(word string) bool { return word == "" && !strings.HasPrefix(words, ",") })
	}
	return o
}
