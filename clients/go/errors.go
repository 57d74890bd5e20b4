package codeactions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/net/http2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
)

// Reason says why the service refused: a name of the contract's closed list, or one that a newer service added.
type Reason string

// Error is what every call that does not succeed fails with; find it with errors.As. Branch on Reason, or on Code;
// never on the text. errors.Is finds context.DeadlineExceeded and context.Canceled in it, wherever they were noticed.
type Error struct {
	// Code is the code of gRPC. A connection that broke, or was never made, is connect.CodeUnavailable.
	Code connect.Code
	// Reason is why the service refused. DEADLINE_EXCEEDED and CALL_CANCELLED also when this side noticed first; empty
	// when what failed is the way to the service.
	Reason Reason
	// Message says what happened and what to do, for people.
	Message string
	// Metadata is what the reason comes with, as {"line": "2"}.
	Metadata map[string]string
	// Fields are those that break their rules.
	Fields []FieldProblem
	// RetryAfter is how long the service wants to be left alone. 0 when it does not say.
	RetryAfter time.Duration

	cause error
}

// FieldProblem is a field that breaks its rule.
type FieldProblem struct {
	// Field is which one, as "input.body".
	Field string
	// Description is what is wrong with it, and what is accepted.
	Description string
}

// Error is the text: for people, not for programs.
func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("codeactions: %v: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("codeactions: %s: %s", e.Reason, e.Message)
}

// Unwrap gives what the error was made from: usually a *connect.Error.
func (e *Error) Unwrap() error { return e.cause }

// Is lets errors.Is find the errors of contexts.
func (e *Error) Is(target error) bool {
	return target == context.DeadlineExceeded && e.Code == connect.CodeDeadlineExceeded ||
		target == context.Canceled && e.Code == connect.CodeCanceled
}

const domain = "codeactions"

// errorFrom makes the error that callers see of whatever a stub failed with. The context is the caller's own.
func errorFrom(ctx context.Context, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var failed *connect.Error
	isOfConnect := errors.As(err, &failed)
	if !isOfConnect {
		failed = connect.NewError(connect.CodeUnknown, err)
	}
	told := &Error{Code: failed.Code(), Message: failed.Message(), cause: err}
	switch {
	case told.readDetails(failed.Details()):
	case ctx.Err() != nil:
		return givenUp(ctx)
	case !isOfConnect:
		// An interceptor of the caller's own failed; nothing is known about the connection.
	case isDeadline(failed):
		told.Reason = ReasonDeadlineExceeded
	case isBrokenConnection(failed):
		told.Code = connect.CodeUnavailable
		told.Message = "the connection to the service broke, or was never made: " + told.Message
	}
	return told
}

// givenUp is the error of a call whose caller wants it no more, or no longer.
func givenUp(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{
			Code: connect.CodeDeadlineExceeded, Reason: ReasonDeadlineExceeded, Message: "the caller's deadline passed",
			cause: ctx.Err(),
		}
	}
	return &Error{
		Code: connect.CodeCanceled, Reason: ReasonCallCancelled,
		Message: "the caller gave up the call, or closed the client", cause: ctx.Err(),
	}
}

// readDetails tells whether the service said why. What cannot be read counts as not there.
func (e *Error) readDetails(details []*connect.ErrorDetail) bool {
	for _, detail := range details {
		message, err := detail.Value()
		if err != nil {
			continue
		}
		switch known := message.(type) {
		case *errdetails.ErrorInfo:
			if known.GetDomain() == domain {
				e.Reason, e.Metadata = Reason(known.GetReason()), known.GetMetadata()
			}
		case *errdetails.BadRequest:
			for _, violation := range known.GetFieldViolations() {
				e.Fields = append(e.Fields, FieldProblem{violation.GetField(), violation.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = known.GetRetryDelay().AsDuration()
		}
	}
	return e.Reason != ""
}

// isDeadline tells a call's deadline, which the service or an HTTP client noticed, from the time that a dialer or a socket
// allows itself. connect-go gives both the same code.
func isDeadline(err *connect.Error) bool {
	return err.Code() == connect.CodeDeadlineExceeded && !wasNeverSent(err) &&
		(connect.IsWireError(err) || errors.Is(err, context.DeadlineExceeded))
}

// isBrokenConnection looks at an error without a reason. The service gives one with every error of its own, so such an
// error comes from the way to it, under many codes, unless it is one of the few that this side makes.
func isBrokenConnection(err *connect.Error) bool {
	switch err.Code() {
	case connect.CodeUnavailable, connect.CodeCanceled, connect.CodeDeadlineExceeded:
		return true
	case connect.CodeUnknown, connect.CodeInternal, connect.CodeInvalidArgument, connect.CodeAborted, connect.CodeDataLoss:
		for _, ownFault := range []string{"marshal message", "HTTP status", "invalid content-type", "compress"} {
			if strings.Contains(err.Message(), ownFault) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// wasNeverSent tells whether there was not even a connection to send anything over, or the service refused the call
// before it looked at it.
func wasNeverSent(err error) bool {
	var failed *net.OpError
	if errors.As(err, &failed) && (failed.Op == "dial" || failed.Op == "proxyconnect") {
		return true
	}
	var reset http2.StreamError
	return errors.As(err, &reset) && reset.Code == http2.ErrCodeRefusedStream
}
