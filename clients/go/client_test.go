package codeactions

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

// getCode answers with what the caller sent: the token as the id, the user agent as the name.
func getCode() route {
	return unary(codeactionsv1connect.CodeServiceGetCodeProcedure,
		func(_ context.Context, request *connect.Request[v1.GetCodeRequest]) (*v1.GetCodeResponse, error) {
			header := request.Header()
			return &v1.GetCodeResponse{Code: &v1.Code{Id: header.Get("Authorization"), Name: header.Get("User-Agent")}}, nil
		})
}

// runCode runs until its caller leaves.
func runCode(begun chan<- struct{}) route {
	return unary(codeactionsv1connect.RunnerServiceRunCodeProcedure,
		func(ctx context.Context, _ *connect.Request[v1.RunCodeRequest]) (*v1.RunCodeResponse, error) {
			begun <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		})
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:8050", "ftp://host", "http://", "http://[", "/path"} {
		if _, err := New(WithAddress(address)); err == nil {
			t.Errorf("%q was taken for an address", address)
		}
	}
}

func TestAddressAndTokenComeFromOptionsOrTheEnvironment(t *testing.T) {
	address := serve(t, getCode())
	for _, test := range []struct {
		name          string
		address       string // Of the environment.
		token         string
		options       []Option
		authorization string
	}{
		{"the environment", address, "theirs", nil, "Bearer theirs"},
		{"no token", address, "", nil, ""},
		{"options", "http://127.0.0.1:1", "theirs", []Option{WithAddress(address), WithToken("mine")}, "Bearer mine"},
		{"no token by option", address, "theirs", []Option{WithToken("")}, ""},
		{"an address with a slash", address + "/", "", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("CODEACTIONS_ADDRESS", test.address)
			t.Setenv("CODEACTIONS_TOKEN", test.token)
			response, err := newClient(t, test.options...).Codes.GetCode(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "authorization", response.GetCode().GetId(), test.authorization)
			same(t, "user agent", response.GetCode().GetName(), "codeactions-go/"+Version)
		})
	}
}

func TestStubsTakeATokenOfTheirCallers(t *testing.T) {
	client := newClient(t, WithAddress(serve(t, getCode())), WithToken("mine"))
	request := connect.NewRequest(&v1.GetCodeRequest{})
	request.Header().Set("Authorization", "Bearer theirs")
	response, err := client.Codes.Stub.GetCode(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "authorization", response.Msg.GetCode().GetId(), "Bearer theirs")
}

func TestConnectOptions(t *testing.T) {
	address := serve(t, unary(codeactionsv1connect.CodeServiceGetCodeProcedure,
		func(_ context.Context, request *connect.Request[v1.GetCodeRequest]) (*v1.GetCodeResponse, error) {
			return nil, refusal(connect.CodeNotFound, Reason(request.Peer().Protocol), 0)
		}))
	for _, test := range []struct {
		protocol string
		options  []Option
	}{
		{connect.ProtocolGRPC, nil},
		{connect.ProtocolGRPCWeb, []Option{WithConnectOptions(connect.WithGRPCWeb())}},
	} {
		client := newClient(t, append(test.options, WithAddress(address))...)
		_, err := client.Codes.GetCode(context.Background(), nil)
		same(t, "protocol", string(failureOf(t, err).Reason), test.protocol)
	}
}

func TestDeadlines(t *testing.T) {
	var deadlines log[time.Duration]
	note := func(ctx context.Context) {
		deadline, has := ctx.Deadline()
		if !has {
			deadlines.add(0)
			return
		}
		deadlines.add(time.Until(deadline))
	}
	address := serve(t,
		unary(codeactionsv1connect.CodeServiceGetCodeProcedure,
			func(ctx context.Context, _ *connect.Request[v1.GetCodeRequest]) (*v1.GetCodeResponse, error) {
				note(ctx)
				return &v1.GetCodeResponse{}, nil
			}),
		unary(codeactionsv1connect.RunnerServiceRunCodeProcedure,
			func(ctx context.Context, _ *connect.Request[v1.RunCodeRequest]) (*v1.RunCodeResponse, error) {
				note(ctx)
				return &v1.RunCodeResponse{}, nil
			}))
	for _, test := range []struct {
		name     string
		options  []Option
		deadline time.Duration // The caller's own.
		get, run time.Duration // At most this much, and more than half of it, is left when a call arrives; 0 is no deadline.
	}{
		{"by default", nil, 0, 30 * time.Second, 960 * time.Second},
		{"by options", []Option{WithTimeout(time.Hour), WithRunTimeout(time.Minute)}, 0, time.Hour, time.Minute},
		{"of the caller", nil, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour},
		{"none", []Option{WithTimeout(0), WithRunTimeout(0)}, 0, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := context.Background()
			if test.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, test.deadline)
				defer cancel()
			}
			client := newClient(t, append(test.options, WithAddress(address))...)
			_, failedGet := client.Codes.GetCode(ctx, nil)
			_, failedRun := client.Runs.RunCode(ctx, nil)
			if failedGet != nil || failedRun != nil {
				t.Fatal(failedGet, failedRun)
			}
			seen := deadlines.all()
			for place, expected := range []time.Duration{test.get, test.run} {
				left := seen[len(seen)-2+place]
				if left > expected || left < expected/2 {
					t.Errorf("expected a deadline in %v, got one in %v", expected, left)
				}
			}
		})
	}
}

func TestCallsEndWhenTheyAreLeft(t *testing.T) {
	for _, test := range []struct {
		name   string
		leave  func(*Client, context.CancelFunc)
		reason Reason
		is     error
	}{
		{"by their context", func(_ *Client, cancel context.CancelFunc) { cancel() }, ReasonCallCancelled, context.Canceled},
		{"with their client", func(client *Client, _ context.CancelFunc) { client.Close() }, ReasonCallCancelled, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			begun := make(chan struct{}, 1)
			client := clientOf(t, runCode(begun))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				<-begun
				test.leave(client, cancel)
			}()
			_, err := client.Runs.RunCode(ctx, nil)
			same(t, "reason", failureOf(t, err).Reason, test.reason)
			same(t, "the context's error", errors.Is(err, test.is), true)
		})
	}
}

func TestCallsEndAtTheirDeadline(t *testing.T) {
	client := newClient(t, WithAddress(serve(t, runCode(make(chan struct{}, 1)))), WithRunTimeout(50*time.Millisecond))
	_, err := client.Runs.RunCode(context.Background(), nil)
	same(t, "reason", failureOf(t, err).Reason, ReasonDeadlineExceeded)
	same(t, "late", errors.Is(err, context.DeadlineExceeded), true)
}

func TestClosedClients(t *testing.T) {
	client := clientOf(t, getCode())
	for range [2]struct{}{} {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := client.Codes.GetCode(context.Background(), nil)
	same(t, "the reason of a call", failureOf(t, err).Reason, ReasonCallCancelled)
	tail := client.Logs.TailLogs(context.Background(), nil)
	same(t, "an event", tail.Next(), false)
	same(t, "the reason of a stream", failureOf(t, tail.Err()).Reason, ReasonCallCancelled)
	_, err = client.Codes.Stub.GetCode(context.Background(), connect.NewRequest(&v1.GetCodeRequest{}))
	same(t, "a stub's call fails", err != nil, true)
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(handlerOf([]route{getCode()}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	isClosed := make(chan struct{}, 10)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			isClosed <- struct{}{}
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())

	t.Run("an authority of one's own is trusted", func(t *testing.T) {
		client := newClient(t, WithAddress(server.URL), WithTLS(&tls.Config{RootCAs: trusted}))
		if _, err := client.Codes.GetCode(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		client.Close()
		// The server sees that the connection is gone.
		<-isClosed
	})
	t.Run("an authority that nobody knows is not", func(t *testing.T) {
		_, err := newClient(t, WithAddress(server.URL)).Codes.UpdateCode(context.Background(), nil)
		same(t, "code", failureOf(t, err).Code, connect.CodeUnavailable)
		var unknown x509.UnknownAuthorityError
		same(t, "its cause", errors.As(err, &unknown), true)
	})
	t.Run("an HTTP client of one's own stays open", func(t *testing.T) {
		own := server.Client()
		for range [2]struct{}{} {
			client := newClient(t, WithAddress(server.URL), WithHTTPClient(own))
			if _, err := client.Codes.GetCode(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			client.Close()
		}
	})
}

func TestServiceThatIsNotThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err = newClient(t, WithAddress("http://"+address)).Runs.RunCode(ctx, nil)
	failure := failureOf(t, err)
	same(t, "code", failure.Code, connect.CodeUnavailable)
	same(t, "reason", failure.Reason, "")
	same(t, "never sent", wasNeverSent(failure), true)
}

func TestLargeMessages(t *testing.T) {
	client := clientOf(t, unary(codeactionsv1connect.CodeServiceUpdateCodeProcedure,
		func(_ context.Context, request *connect.Request[v1.UpdateCodeRequest]) (*v1.UpdateCodeResponse, error) {
			return &v1.UpdateCodeResponse{Code: &v1.Code{Etag: request.Msg.GetEtag()}}, nil
		}))
	update := func(bytes int) (*v1.UpdateCodeResponse, error) {
		return client.Codes.UpdateCode(context.Background(), &v1.UpdateCodeRequest{Etag: string(make([]byte, bytes))})
	}
	response, err := update(4 << 20)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the answer's size", len(response.GetCode().GetEtag()), 4<<20)
	_, err = update(messageBytesMax)
	same(t, "code", failureOf(t, err).Code, connect.CodeResourceExhausted)
}
