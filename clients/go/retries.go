package codeactions

import (
	"context"
	"time"

	"connectrpc.com/connect"
)

const (
	// How often a call is sent at most, the first time included.
	attemptsMax = 5
	firstDelay  = 100 * time.Millisecond
	lastDelay   = 10 * time.Second
)

// method is what retries and deadlines depend on: the contract's own words, put in by the generator.
type method struct {
	procedure  string
	repeatable bool
}

const (
	repeatable    = true
	notRepeatable = false
)

// didNothing tells whether the service is known to have done nothing, whatever was asked.
func didNothing(err *Error) bool {
	switch err.Reason {
	case ReasonPoolFull, ReasonRateLimited, ReasonLanguagePreparing, ReasonPoolUnavailable, ReasonShuttingDown,
		ReasonDatabaseUnavailable:
		return true
	case "":
		return err.Code == connect.CodeUnavailable && wasNeverSent(err)
	default:
		return false
	}
}

// maySendAgain tells whether a call cannot do anything twice if it is sent again after this error.
func maySendAgain(err *Error, isRepeatable bool) bool {
	return didNothing(err) || isRepeatable && mayPass(err)
}

// mayPass tells whether an error may be gone a moment later, as a broken connection is. A quarantine is not: it lasts,
// and the caller is to know of it at once.
func mayPass(err *Error) bool {
	return err.Code == connect.CodeUnavailable && err.Reason != ReasonCodeQuarantined
}

// retried sends a call until it succeeds, fails for good, has been sent five times, or could not be answered before its
// deadline any more.
func retried[Answer any](ctx context.Context, isRepeatable bool, send func() (Answer, error)) (Answer, error) {
	for attempt := 1; ; attempt++ {
		answer, err := send()
		if err == nil {
			return answer, nil
		}
		failure := errorFrom(ctx, err)
		delay := delayAfter(attempt, failure.RetryAfter, chance())
		deadline, hasDeadline := ctx.Deadline()
		isLate := hasDeadline && time.Until(deadline) <= delay
		if attempt == attemptsMax || isLate || !maySendAgain(failure, isRepeatable) {
			return answer, failure
		}
		if !paused(ctx, delay) {
			return answer, givenUp(ctx)
		}
	}
}

// delayAfter is how long to wait after so many failures in a row: twice as long each time, up to 10 s, less up to half
// of it by chance (0 to 1), so that callers who failed together do not come back together. Never less than the service
// asks for.
func delayAfter(failures int, retryAfter time.Duration, chance float64) time.Duration {
	longest := lastDelay
	if failures < 8 {
		longest = firstDelay << (failures - 1)
	}
	if longest > lastDelay {
		longest = lastDelay
	}
	delay := time.Duration(float64(longest) * (1 - chance/2))
	if delay < retryAfter {
		return retryAfter
	}
	return delay
}

// paused waits, and tells whether the caller still wants to go on.
func paused(ctx context.Context, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
