package codeactions

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/durationpb"
)

// These tests speak to a server of connect-go that does what each of them needs: refuse, break off, keep silent. The story
// in clients/story shows the client with the real service.

// route is one method of such a server.
type route struct {
	procedure string
	handler   http.Handler
}

func unary[Request, Response any](
	procedure string,
	answer func(context.Context, *connect.Request[Request]) (*Response, error),
) route {
	return route{procedure, connect.NewUnaryHandler(procedure,
		func(ctx context.Context, request *connect.Request[Request]) (*connect.Response[Response], error) {
			response, err := answer(ctx, request)
			if err != nil {
				return nil, err
			}
			return connect.NewResponse(response), nil
		})}
}

func streaming[Request, Response any](
	procedure string,
	answer func(context.Context, *Request, *connect.ServerStream[Response]) error,
) route {
	return route{procedure, connect.NewServerStreamHandler(procedure,
		func(ctx context.Context, request *connect.Request[Request], stream *connect.ServerStream[Response]) error {
			return answer(ctx, request.Msg, stream)
		})}
}

// breakOff ends a call as a connection that breaks does: without a status.
func breakOff() {
	panic(http.ErrAbortHandler)
}

func handlerOf(routes []route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.Handle(route.procedure, route.handler)
	}
	return mux
}

// serve starts a server, and gives its address.
func serve(t *testing.T, routes ...route) string {
	server := httptest.NewServer(h2c.NewHandler(handlerOf(routes), &http2.Server{}))
	t.Cleanup(server.Close)
	return server.URL
}

// clientOf is a client of a server with these methods.
func clientOf(t *testing.T, routes ...route) *Client {
	return newClient(t, WithAddress(serve(t, routes...)))
}

func newClient(t *testing.T, options ...Option) *Client {
	t.Helper()
	client, err := New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// refusal is an error as the service answers it.
func refusal(code connect.Code, reason Reason, retryAfter time.Duration) *connect.Error {
	err := connect.NewError(code, errors.New("as the service says it"))
	add := func(detail *connect.ErrorDetail, failed error) {
		if failed != nil {
			panic(failed)
		}
		err.AddDetail(detail)
	}
	add(connect.NewErrorDetail(&errdetails.ErrorInfo{
		Domain: domain, Reason: string(reason), Metadata: map[string]string{"line": "2"},
	}))
	if retryAfter > 0 {
		add(connect.NewErrorDetail(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)}))
	}
	return err
}

// log is what a server saw.
type log[Item any] struct {
	lock  sync.Mutex
	items []Item
}

// add notes an item and tells how many there were before it.
func (l *log[Item]) add(item Item) int {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.items = append(l.items, item)
	return len(l.items) - 1
}

func (l *log[Item]) all() []Item {
	l.lock.Lock()
	defer l.lock.Unlock()
	return append([]Item(nil), l.items...)
}

func failureOf(t *testing.T, err error) *Error {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("expected an *Error, got %v", err)
	}
	return failure
}

func same[Value comparable](t *testing.T, what string, actual, expected Value) {
	t.Helper()
	if actual != expected {
		t.Errorf("%s: expected %v, got %v", what, expected, actual)
	}
}
