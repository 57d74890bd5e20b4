// Package engine is what a code written in Go is given: its request, its log, its secrets and the place for its
// result.
//
//	package action
//
//	import "codeactions/engine"
//
//	func Run(e *engine.Engine) error {
//		e.Log.Info("hello " + e.Params.Get("name"))
//		e.Result.Set(map[string]any{"ok": true}, 200, "json")
//		return nil
//	}
package engine

import (
	"context"
	"time"
)

// Engine is one invocation: a new one is handed to every call of Run.
type Engine struct {
	// Params are the query parameters.
	Params Params
	// Body is the request's body as text, without the whitespace at its ends.
	Body string
	// RawBody is the request's body, byte for byte.
	RawBody []byte
	// Header are the request's headers.
	Header *Header
	// Request has all of the above and how the code was called.
	Request Request
	// Log writes the run's log, at once.
	Log Log
	// Result is the answer; without a call of its Set it is empty with status 200.
	Result *Result
	// Secrets are the project's secrets.
	Secrets Secrets
	// Context says which run this is.
	Context Context
}

// Request is how the code was called.
type Request struct {
	Method string
	Path   string
	Query  Params
	Params Params
	Header *Header
	Body   string
}

// Context says which run this is and until when it may take.
type Context struct {
	RunID     string
	CodeID    string
	Version   int
	ProjectID string
	// Attempt counts from 1; only asynchronous runs have a second one.
	Attempt int
	// Deadline is when the run will be ended.
	Deadline time.Time

	running context.Context
}

// Context returns a context.Context that is done at the deadline, or when Run has returned.
func (c Context) Context() context.Context {
	return c.running
}
