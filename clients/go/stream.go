package codeactions

import (
	"context"
	"errors"
	"io"
	"math/rand"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
)

// Heartbeats come every 15 seconds; a stream that has been silent for three of them is taken for broken.
const silenceMax = 45 * time.Second

// Event is an item of a stream: a *v1.RunEvent or a *v1.LogEvent.
type Event interface {
	*v1.RunEvent | *v1.LogEvent
	GetCursor() string
	GetHeartbeat() *v1.Heartbeat
}

// Stream follows something that goes on, through broken connections: it opens them again after the last event it saw,
// which leaves no gap and no duplicate.
//
//	run := client.Runs.RunCodeStream(ctx, request)
//	defer run.Close()
//	for run.Next() {
//		for _, entry := range run.Value().GetLog().GetEntries() { … }
//	}
//	if err := run.Err(); err != nil { … }
//
// Heartbeats are swallowed, and so are further beginnings after the first. It is for one goroutine at a time, but Close
// may be called by any.
type Stream[E Event] struct {
	ctx    context.Context // The caller's.
	own    context.Context // Ends with the caller's, and with Close.
	cancel context.CancelFunc
	plan   plan[E]

	receive  func() (E, error)
	hangUp   context.CancelFunc
	isSilent *atomic.Bool

	last     E
	seen     bool
	failures int
	heardAt  time.Time
	value    E
	done     bool
	err      error
}

// plan is how a kind of stream is opened and where it ends.
type plan[E Event] struct {
	// Opens the stream after the last event seen, which is nil when none was.
	open func(ctx context.Context, last E) (func() (E, error), error)
	// Whether it is the first event of a connection, which says nothing new on a later one.
	isFirst func(E) bool
	// Whether it is the last event. A stream that ends before it is broken.
	isLast func(E) bool
	// Whether opening again is safe although nothing was seen.
	mayReopen bool
	// How long a stream that was cut is opened again.
	giveUpAfter time.Duration
	// How long nothing may come, not even a heartbeat.
	silenceMax time.Duration
}

func newStream[E Event](ctx context.Context, plan plan[E]) *Stream[E] {
	own, cancel := context.WithCancel(ctx)
	return &Stream[E]{ctx: ctx, own: own, cancel: cancel, plan: plan, heardAt: time.Now()}
}

// Next waits for the next event. False when the stream has ended, was closed, or failed.
func (s *Stream[E]) Next() bool {
	for !s.done {
		event, err := s.hear()
		if err != nil {
			s.recover(err)
			continue
		}
		isRepeated := s.seen && s.plan.isFirst(event)
		// A heartbeat's cursor may be further than its predecessor's, past entries that a filter hides.
		s.last, s.seen, s.heardAt = event, true, time.Now()
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
	s.cancel()
	return nil
}

// hear opens a connection where there is none, and waits for its next event.
func (s *Stream[E]) hear() (E, error) {
	if s.receive != nil {
		return s.heardInTime(s.receive)
	}
	ctx, hangUp := context.WithCancel(s.own)
	s.hangUp, s.isSilent = hangUp, new(atomic.Bool)
	return s.heardInTime(func() (E, error) {
		receive, err := s.plan.open(ctx, s.last)
		if err != nil {
			var none E
			return none, err
		}
		s.receive = receive
		return receive()
	})
}

// heardInTime hangs up when nothing comes for too long. Time that the caller spends with an event does not count.
func (s *Stream[E]) heardInTime(receive func() (E, error)) (E, error) {
	isSilent, hangUp := s.isSilent, s.hangUp
	timer := time.AfterFunc(s.plan.silenceMax, func() {
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
	failure := s.failureOf(cause)
	if s.own.Err() != nil {
		s.finishGivenUp()
		return
	}
	isBroken := failure.Code == connect.CodeUnavailable && (s.seen || s.plan.mayReopen)
	s.failures++
	isHopeless := !s.seen && s.failures == attemptsMax || s.seen && time.Since(s.heardAt) > s.plan.giveUpAfter
	if isHopeless || !isBroken && !didNothing(failure) {
		s.finish(failure)
		return
	}
	if !paused(s.own, delayAfter(s.failures, failure.RetryAfter, rand.Float64())) {
		s.finishGivenUp()
	}
}

func (s *Stream[E]) failureOf(cause error) *Error {
	switch {
	case s.isSilent.Load():
		return &Error{Code: connect.CodeUnavailable, Message: "nothing was heard from the service for too long", cause: cause}
	case errors.Is(cause, io.EOF):
		return &Error{Code: connect.CodeUnavailable, Message: "the stream ended before its last event", cause: cause}
	default:
		return errorFrom(s.own, cause)
	}
}

// finishGivenUp ends a stream that its caller wants no more. One that was closed has no error.
func (s *Stream[E]) finishGivenUp() {
	if s.ctx.Err() != nil {
		s.finish(givenUp(s.ctx))
		return
	}
	s.finish(nil)
}

func (s *Stream[E]) finish(err *Error) {
	s.done = true
	if err != nil {
		s.err = err
	}
	s.cancel()
}
