// Package control lets other programs on this machine look at a stage and change its conditions, over HTTP.
//
//	GET  /stage            where everything is, and the conditions
//	GET  /events           what the copilot's store holds of changes, each with the time of its commit
//	POST /conditions       a change of conditions, named as in a scenario's "set", in YAML or JSON
//	POST /grafana/restart  ends Grafana and answers when it is up again
package control
