package codeactions

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"connectrpc.com/connect"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

func TestMaySendAgain(t *testing.T) {
	neverSent := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for _, test := range []struct {
		name         string
		err          *Error
		isRepeatable bool
		expected     bool
	}{
		{"a repeatable call after a broken connection", &Error{Code: connect.CodeUnavailable}, true, true},
		{"another call after a broken connection", &Error{Code: connect.CodeUnavailable}, false, false},
		{"a call that was never sent", &Error{Code: connect.CodeUnavailable, cause: neverSent}, false, true},
		{"POOL_FULL", &Error{Code: connect.CodeResourceExhausted, Reason: ReasonPoolFull}, false, true},
		{"RATE_LIMITED", &Error{Code: connect.CodeResourceExhausted, Reason: ReasonRateLimited}, false, true},
		{"LANGUAGE_PREPARING", &Error{Code: connect.CodeUnavailable, Reason: ReasonLanguagePreparing}, false, true},
		{"POOL_UNAVAILABLE", &Error{Code: connect.CodeUnavailable, Reason: ReasonPoolUnavailable}, false, true},
		{"SHUTTING_DOWN", &Error{Code: connect.CodeUnavailable, Reason: ReasonShuttingDown}, false, true},
		{"DATABASE_UNAVAILABLE", &Error{Code: connect.CodeUnavailable, Reason: ReasonDatabaseUnavailable}, false, true},
		{"a run of which nobody knows", &Error{Code: connect.CodeUnavailable, Reason: ReasonOutcomeUnknown}, false, false},
		{"a run that is asked for by its id", &Error{Code: connect.CodeUnavailable, Reason: ReasonOutcomeUnknown}, true, true},
		{"CODE_QUARANTINED", &Error{Code: connect.CodeUnavailable, Reason: ReasonCodeQuarantined}, true, false},
		{"QUOTA_EXCEEDED", &Error{Code: connect.CodeResourceExhausted, Reason: ReasonQuotaExceeded}, true, false},
		{"a refusal", &Error{Code: connect.CodeNotFound, Reason: ReasonCodeNotFound}, true, false},
		{"a fault of the service", &Error{Code: connect.CodeInternal, Reason: ReasonInternal}, true, false},
		{"a deadline", &Error{Code: connect.CodeDeadlineExceeded, Reason: ReasonDeadlineExceeded}, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			same(t, "sent again", maySendAgain(test.err, test.isRepeatable), test.expected)
		})
	}
}

func TestPausesGrowAndDifferAndEndAtTenSeconds(t *testing.T) {
	for _, test := range []struct {
		failures   int
		retryAfter time.Duration
		chance     float64
		expected   time.Duration
	}{
		{1, 0, 0, 100 * time.Millisecond},
		{2, 0, 0, 200 * time.Millisecond},
		{3, 0, 0, 400 * time.Millisecond},
		{7, 0, 0, 6400 * time.Millisecond},
		{8, 0, 0, 10 * time.Second},
		{1000, 0, 0, 10 * time.Second},
		{1, 0, 1, 50 * time.Millisecond},
		{1000, 0, 0.5, 7500 * time.Millisecond},
		{1, 3 * time.Second, 0, 3 * time.Second},
		{8, 3 * time.Second, 0, 10 * time.Second},
	} {
		same(t, "the pause", delayAfter(test.failures, test.retryAfter, test.chance), test.expected)
	}
}

func TestCallsAreRepeatedWhereThatDoesNothingTwice(t *testing.T) {
	ctx := context.Background()
	getCode := func(client *Client) error {
		_, err := client.Codes.GetCode(ctx, &v1.GetCodeRequest{})
		return err
	}
	runCode := func(requestID string) func(*Client) error {
		return func(client *Client) error {
			_, err := client.Runs.RunCode(ctx, &v1.RunCodeRequest{RequestId: requestID})
			return err
		}
	}
	isDown := refusal(connect.CodeUnavailable, ReasonShuttingDown, 0)
	for _, test := range []struct {
		name     string
		call     func(*Client) error
		failures []error // One for each attempt that fails; nil breaks it off.
		attempts int
		code     connect.Code // Of what the caller sees; 0 is success.
	}{
		{"a read that breaks off twice", getCode, []error{nil, nil}, 3, 0},
		{"a run that breaks off", runCode(""), []error{nil}, 1, connect.CodeUnavailable},
		{"a run with an id that breaks off", runCode(NewRequestID()), []error{nil}, 2, 0},
		{"a run that was refused by a service that shuts down", runCode(""), []error{isDown}, 2, 0},
		{"a read that is refused", getCode, []error{refusal(connect.CodeNotFound, ReasonCodeNotFound, 0)}, 1, connect.CodeNotFound},
		{"a run with an id of a code in quarantine", runCode(NewRequestID()), []error{refusal(connect.CodeUnavailable, ReasonCodeQuarantined, time.Millisecond)}, 1, connect.CodeUnavailable},
		{"a read that never gets through", getCode, []error{isDown, isDown, isDown, isDown, isDown}, 5, connect.CodeUnavailable},
		{"a read that is to be repeated after its deadline", getCode, []error{refusal(connect.CodeUnavailable, ReasonLanguagePreparing, time.Hour)}, 1, connect.CodeUnavailable},
	} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var attempts log[string]
			attempt := func(name string) error {
				number := attempts.add(name)
				if number >= len(test.failures) {
					return nil
				}
				if test.failures[number] == nil {
					breakOff()
				}
				return test.failures[number]
			}
			client := clientOf(t,
				unary(codeactionsv1connect.CodeServiceGetCodeProcedure,
					func(context.Context, *connect.Request[v1.GetCodeRequest]) (*v1.GetCodeResponse, error) {
						return &v1.GetCodeResponse{}, attempt("GetCode")
					}),
				unary(codeactionsv1connect.RunnerServiceRunCodeProcedure,
					func(context.Context, *connect.Request[v1.RunCodeRequest]) (*v1.RunCodeResponse, error) {
						return &v1.RunCodeResponse{}, attempt("RunCode")
					}))
			err := test.call(client)
			if test.code == 0 && err != nil {
				t.Error(err)
			}
			if test.code != 0 {
				same(t, "code", failureOf(t, err).Code, test.code)
			}
			same(t, "attempts", len(attempts.all()), test.attempts)
		})
	}
}

func TestPausesEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	_, err := retried(ctx, repeatable, func() (int, error) {
		cancel()
		return 0, refusal(connect.CodeUnavailable, ReasonLanguagePreparing, time.Hour)
	})
	same(t, "reason", failureOf(t, err).Reason, ReasonCallCancelled)
	same(t, "cancelled", errors.Is(err, context.Canceled), true)
}
