package mcp

import (
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/temporal-sre/copilot/pkg/health"
)

// schemaOf is the JSON schema of a type. A state is a number in Go and its name in JSON.
func schemaOf[T any]() (*jsonschema.Schema, error) {
	state := &jsonschema.Schema{Type: "string", Description: "happy, stressed, critical or unknown"}
	return jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[health.State](): state}})
}
