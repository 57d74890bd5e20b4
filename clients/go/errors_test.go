package codeactions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"testing"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/net/http2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

func TestRefusalShowsAllThatTheServiceSays(t *testing.T) {
	client := clientOf(t, unary(codeactionsv1connect.CodeServiceUpdateCodeProcedure,
		func(context.Context, *connect.Request[v1.UpdateCodeRequest]) (*v1.UpdateCodeResponse, error) {
			refused := refusal(connect.CodeInvalidArgument, ReasonSourceInvalid, 1500*time.Millisecond)
			fields, err := connect.NewErrorDetail(&errdetails.BadRequest{
				FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "source", Description: "does not parse"}},
			})
			if err != nil {
				return nil, err
			}
			refused.AddDetail(fields)
			return nil, refused
		}))
	_, err := client.Codes.UpdateCode(context.Background(), &v1.UpdateCodeRequest{})
	failure := failureOf(t, err)
	var transport *connect.Error
	same(t, "what it was made from", errors.As(failure, &transport), true)
	same(t, "its text", failure.Error(), "codeactions: SOURCE_INVALID: as the service says it")
	failure.cause = nil
	expected := &Error{
		Code: connect.CodeInvalidArgument, Reason: ReasonSourceInvalid, Message: "as the service says it",
		Metadata: map[string]string{"line": "2"}, Fields: []FieldProblem{{"source", "does not parse"}},
		RetryAfter: 1500 * time.Millisecond,
	}
	if !reflect.DeepEqual(failure, expected) {
		t.Errorf("expected %+v, got %+v", expected, failure)
	}
}

func TestErrorFrom(t *testing.T) {
	failed := func(code connect.Code, text string) error { return connect.NewError(code, errors.New(text)) }
	dialing := func(cause error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: cause} }
	gone, leave := context.WithCancel(context.Background())
	leave()
	late, end := context.WithTimeout(context.Background(), 0)
	defer end()
	foreign := connect.NewError(connect.CodeInternal, errors.New("a proxy's own"))
	detail, err := connect.NewErrorDetail(&errdetails.ErrorInfo{Domain: "somebody.else", Reason: "THEIRS"})
	if err != nil {
		t.Fatal(err)
	}
	foreign.AddDetail(detail)

	for _, test := range []struct {
		name   string
		ctx    context.Context
		err    error
		code   connect.Code
		reason Reason
	}{
		{"a newer service's reason", nil, refusal(connect.CodeInternal, "MOON_IS_FULL", 0), connect.CodeInternal, "MOON_IS_FULL"},
		{"a fault of the service", nil, refusal(connect.CodeInternal, ReasonInternal, 0), connect.CodeInternal, ReasonInternal},
		{"a reason of somebody else", nil, foreign, connect.CodeUnavailable, ""},
		{"a refusal that meets the caller's end", gone, refusal(connect.CodeNotFound, ReasonCodeNotFound, 0), connect.CodeNotFound, ReasonCodeNotFound},

		{"a reset", nil, failed(connect.CodeInternal, "stream error: stream ID 1; INTERNAL_ERROR"), connect.CodeUnavailable, ""},
		{"a reset that looks like a cancellation", nil, failed(connect.CodeCanceled, "stream error: stream ID 1; CANCEL"), connect.CodeUnavailable, ""},
		{"half a message", nil, failed(connect.CodeInvalidArgument, "protocol error: incomplete envelope"), connect.CodeUnavailable, ""},
		{"no status", nil, failed(connect.CodeInternal, "protocol error: no Grpc-Status trailer"), connect.CodeUnavailable, ""},
		{"a proxy that finds no service", nil, failed(connect.CodeUnavailable, "HTTP status 502 Bad Gateway"), connect.CodeUnavailable, ""},
		{"a dialer's time", nil, connect.NewError(connect.CodeDeadlineExceeded, dialing(context.DeadlineExceeded)), connect.CodeUnavailable, ""},
		{"a socket's time", nil, connect.NewError(connect.CodeDeadlineExceeded, os.ErrDeadlineExceeded), connect.CodeUnavailable, ""},

		{"a message that cannot be read", nil, failed(connect.CodeInvalidArgument, "unmarshal message: proto"), connect.CodeInvalidArgument, ""},
		{"a message that is too large", nil, failed(connect.CodeResourceExhausted, "message size 9 exceeds sendMaxBytes 5"), connect.CodeResourceExhausted, ""},
		{"a web server", nil, failed(connect.CodeUnimplemented, "HTTP status 404 Not Found"), connect.CodeUnimplemented, ""},
		{"an interceptor's error", nil, errors.New("no ticket"), connect.CodeUnknown, ""},

		{"the caller's end", gone, failed(connect.CodeCanceled, "context canceled"), connect.CodeCanceled, ReasonCallCancelled},
		{"the caller's deadline", late, failed(connect.CodeInternal, "stream error: stream ID 1; CANCEL"), connect.CodeDeadlineExceeded, ReasonDeadlineExceeded},
		{"an HTTP client's deadline", nil, connect.NewError(connect.CodeDeadlineExceeded, context.DeadlineExceeded), connect.CodeDeadlineExceeded, ReasonDeadlineExceeded},
		{"an error that is told already", nil, fmt.Errorf("again: %w", &Error{Code: connect.CodeAborted, Reason: ReasonEtagMismatch}), connect.CodeAborted, ReasonEtagMismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := test.ctx
			if ctx == nil {
				ctx = context.Background()
			}
			failure := errorFrom(ctx, test.err)
			same(t, "code", failure.Code, test.code)
			same(t, "reason", failure.Reason, test.reason)
			same(t, "a deadline", failure.Is(context.DeadlineExceeded), test.code == connect.CodeDeadlineExceeded)
			same(t, "cancelled", errors.Is(failure, context.Canceled), test.code == connect.CodeCanceled)
		})
	}
}

func TestWasNeverSent(t *testing.T) {
	for _, test := range []struct {
		name     string
		err      error
		expected bool
	}{
		{"a connection that could not be made", &net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		{"a name that is not known", &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}}, true},
		{"a proxy that could not be reached", &net.OpError{Op: "proxyconnect", Err: errors.New("refused")}, true},
		{"a stream that was refused", http2.StreamError{StreamID: 1, Code: http2.ErrCodeRefusedStream}, true},
		{"a stream that was reset", http2.StreamError{StreamID: 1, Code: http2.ErrCodeCancel}, false},
		{"a connection that broke", &net.OpError{Op: "read", Err: errors.New("reset by peer")}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			failure := errorFrom(context.Background(), connect.NewError(connect.CodeUnavailable, test.err))
			same(t, "never sent", wasNeverSent(failure), test.expected)
		})
	}
}
