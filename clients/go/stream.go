package codeactions

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
)

// Heartbeats come every 15 seconds; a stream that has been silent for three of them is taken for broken.
const silenceMax = 45 * time.Second

// Event is an item of a stream: a *v1.RunEvent, a *v1.LogEvent or a *v1.WatchPoolResponse.
type Event interface {
	*v1.RunEvent | *v1.LogEvent | *v1.WatchPoolResponse
	GetHeartbeat() *v1.Heartbeat
}

// Stream follows something that goes on, through broken connections: it opens them again after the last event it saw,
// which leaves no gap and no duplicate. A watched pool begins anew.
//
//	run := client.Runs.RunCodeStream(ctx, request)
//	defer run.Close()
//	for run.Next() {
//		for _, entry := range run.Value().GetLog().GetEntries() { … }
//	}
//	if err := run.Err(); err != nil { … }
//
// Heartbeats are swallowed, and so are further beginnings after the first. It has no deadline but its context's, and fails
// at once when the service refuses; see WithGiveUpAfter for a service that cannot be reached. It is for one goroutine at a
// time, but Close may be called by any.
type Stream[E Event] struct {
	ctx         context.Context // Ends with the caller's, with the client, and with Close.
	cancel      context.CancelFunc
	isClosed    atomic.Bool
	plan        plan[E]
	giveUpAfter time.Duration // How long to wait without an event, through however many connections.
	silenceMax  time.Duration // How long one connection may be without an event.

	receive  func() (E, error) // Of the connection there is; nil when there is none.
	hangUp   context.CancelFunc
	isSilent *atomic.Bool

	last     E // The last event of all, heartbeats too; nil before the first.
	failures int
	heardAt  time.Time
	value    E
	isDone   bool
	err      error
}

// plan is how a kind of stream is opened and where it ends.
type plan[E Event] struct {
	// Opens the stream after the last event seen, which is nil when none was. Opening it again must be safe even then.
	open func(ctx context.Context, last E) (func() (E, error), error)
	// Whether it is the first event of a connection, which says nothing new on a later one.
	isFirst func(E) bool
	// Whether it is the last event. A stream that ends before it is broken.
	isLast func(E) bool
}

func newStream[E Event](ctx context.Context, client *Client, plan plan[E]) *Stream[E] {
	ctx, cancel := client.bounded(ctx, 0)
	return &Stream[E]{ctx: ctx, cancel: cancel, plan: plan, giveUpAfter: client.giveUpAfter, silenceMax: silenceMax}
}

// Next waits for the next event. False when the stream has ended, was closed, or failed.
func (s *Stream[E]) Next() bool {
	// Time that the caller spends with an event is not time without one.
	s.heardAt = time.Now()
	for !s.isDone {
		event, err := s.hear()
		if err != nil {
			s.recover(err)
			continue
		}
		isRepeated := s.last != nil && s.plan.isFirst(event)
		// A heartbeat's cursor may be further than its predecessor's, past entries that a filter hides.
		s.last, s.heardAt = event, time.Now()
		if !s.plan.isFirst(event) {
			s.failures = 0
		}
		if s.plan.isLast(event) {
			s.finish(nil)
		}
		if event.GetHeartbeat() == nil && !isRepeated {
			s.value = event
			return true
		}
	}
	return false
}

// Value is the event that Next waited for.
func (s *Stream[E]) Value() E { return s.value }

// Err is why Next was false: an *Error, or nil when the stream came to its end or was closed.
func (s *Stream[E]) Err() error { return s.err }

// Close hangs up. What is followed goes on without its follower. Always nil; closing again does nothing.
func (s *Stream[E]) Close() error {
	s.isClosed.Store(true)
	s.cancel()
	return nil
}

// hear opens a connection where there is none, and waits for its next event.
func (s *Stream[E]) hear() (E, error) {
	if s.receive != nil {
		return s.heardInTime(s.receive)
	}
	ctx, hangUp := context.WithCancel(s.ctx)
	s.hangUp, s.isSilent = hangUp, new(atomic.Bool)
	return s.heardInTime(func() (E, error) {
		receive, err := s.plan.open(ctx, s.last)
		if err != nil {
			return nil, err
		}
		s.receive = receive
		return receive()
	})
}

// heardInTime hangs up when nothing comes for too long. Time that the caller spends with an event does not count.
func (s *Stream[E]) heardInTime(receive func() (E, error)) (E, error) {
	isSilent, hangUp := s.isSilent, s.hangUp
	timer := time.AfterFunc(s.silenceMax, func() {
		isSilent.Store(true)
		hangUp()
	})
	defer timer.Stop()
	return receive()
}

// recover decides what a connection's end means: the stream's own, or a pause before the next connection.
func (s *Stream[E]) recover(cause error) {
	s.hangUp()
	s.receive = nil
	if s.ctx.Err() != nil {
		s.finish(givenUp(s.ctx))
		return
	}
	failure := s.failureOf(cause)
	isBroken := mayPass(failure) || didNothing(failure)
	if !isBroken || time.Since(s.heardAt) > s.giveUpAfter {
		s.finish(failure)
		return
	}
	s.failures++
	if !paused(s.ctx, delayAfter(s.failures, failure.RetryAfter, chance())) {
		s.finish(givenUp(s.ctx))
	}
}

func (s *Stream[E]) failureOf(cause error) *Error {
	switch {
	case s.isSilent.Load():
		// Without a cause, which is that this side hung up and would read as the caller's own doing.
		return &Error{Code: connect.CodeUnavailable, Message: "nothing was heard from the service for too long"}
	case errors.Is(cause, io.EOF):
		return &Error{Code: connect.CodeUnavailable, Message: "the stream ended before its last event"}
	default:
		return errorFrom(s.ctx, cause)
	}
}

// finish ends the stream, well where there is no failure. That of a stream that its caller closed is no error.
func (s *Stream[E]) finish(failure *Error) {
	s.isDone = true
	if failure != nil && !s.isClosed.Load() {
		s.err = failure
	}
	s.cancel()
}
