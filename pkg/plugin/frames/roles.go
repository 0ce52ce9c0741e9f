package frames

import (
	"slices"
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// roleName is what a service has to do with the state, as people read it.
type roleName string

// The names of roles, worst first.
const (
	roleRootCause roleName = "root cause"
	roleBlocked   roleName = "blocked"
	roleDegraded  roleName = "degraded"
	roleReflects  roleName = "reflects"
	roleHealthy   roleName = "healthy"
	roleNotKnown  roleName = "unknown"
)

// role is a role with its colour.
type role struct {
	name   roleName
	colour string
}

// roles are numbered by their place, best first: tables colour the number.
var roles = []role{{roleHealthy, green}, {roleReflects, blue}, {roleDegraded, yellow}, {roleBlocked, orange}, {roleRootCause, red}}

// drawn are the colours as the node graph takes them: it knows no names of Grafana's palette. They are those of the palette.
var drawn = map[string]string{green: "#73BF69", blue: "#5794F2", yellow: "#FADE2A", orange: "#FF9830", red: "#F2495C", grey: grey}

// number is nil for an unknown role.
func (r role) number() *float64 {
	i := slices.Index(roles, r)
	if i < 0 {
		return nil
	}
	return new(float64(i))
}

var unknownRole = role{name: roleNotKnown, colour: grey}

func roleNamed(name roleName) role {
	return roles[slices.IndexFunc(roles, func(r role) bool { return r.name == name })]
}

// roleOf is the role of a service in what the rules say now. The service that the root cause is about is never grey.
func roleOf(b view.Brief, service health.Service) role {
	if b.Silent {
		return unknownRole
	}
	if service == clients {
		return clientsRole(b)
	}
	if service == b.Rules.Blamed && b.Rules.Cause != "" {
		return roleNamed(roleRootCause)
	}
	switch b.Evidence.Role(service).Role {
	case evidence.Blocked:
		return roleNamed(roleBlocked)
	case evidence.UnderPressure:
		return roleNamed(roleDegraded)
	case evidence.Artefact:
		return roleNamed(roleReflects)
	case evidence.Fine:
		return roleNamed(roleHealthy)
	default:
		return unknownRole
	}
}

// clientsRole: clients are known by their requests alone.
func clientsRole(b view.Brief) role {
	switch {
	case firesFor(b, "client_errors"):
		return roleNamed(roleDegraded)
	case b.Evidence.Knows(health.WorkflowStarts):
		return roleNamed(roleHealthy)
	default:
		return unknownRole
	}
}

func firesFor(b view.Brief, id health.GateID) bool {
	g, ok := b.Evidence.Gate(id)
	return ok && g.Result == health.Fired
}

// roleConfig shows a role's number as its name and colour.
func roleConfig(title string) *data.FieldConfig {
	names := data.ValueMapper{}
	for i, r := range roles {
		names[strconv.Itoa(i)] = data.ValueMappingResult{Text: string(r.name), Color: r.colour, Index: i}
	}
	return &data.FieldConfig{DisplayNameFromDS: title, Mappings: data.ValueMappings{names, nullIs(string(roleNotKnown))}}
}
