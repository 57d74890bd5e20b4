package codeactions

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"connectrpc.com/connect"

	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

// Client speaks to one service with one token. It is safe for use by many goroutines, which share its connection. Close
// it when it is needed no more.
type Client struct {
	// Codes stores codes and their versions, and keeps secrets.
	Codes *CodeService
	// Runs runs codes and follows runs.
	Runs *RunnerService
	// Logs reads what runs wrote, as history and live.
	Logs *LogService
	// Projects keeps projects and the tokens that open them.
	Projects *ProjectService

	timeout     time.Duration
	runTimeout  time.Duration
	giveUpAfter time.Duration

	calls       lifetime // What is under way.
	connections lifetime // What calls go over; nothing when New was given an HTTP client.
}

// New makes a client. What no option says is read from the environment: the address from CODEACTIONS_ADDRESS
// (http://127.0.0.1:8050 if unset), the token from CODEACTIONS_TOKEN. It fails when the options make no sense; whether
// the service answers shows with the first call.
func New(options ...Option) (*Client, error) {
	chosen := fromEnvironment()
	for _, option := range options {
		option(&chosen)
	}
	address, err := parsedAddress(chosen.address)
	if err != nil {
		return nil, err
	}
	client := &Client{timeout: chosen.timeout, runTimeout: chosen.runTimeout, giveUpAfter: chosen.giveUpAfter}
	over := chosen.httpClient
	if over == nil {
		over = &http.Client{Transport: newTransport(address, chosen.tls, &client.connections)}
	}
	stub := append([]connect.ClientOption{
		connect.WithGRPC(),
		connect.WithReadMaxBytes(messageBytesMax),
		connect.WithSendMaxBytes(messageBytesMax),
		// Compressed answers cost the service five times the processor time; whoever wants them offers gzip again.
		connect.WithAcceptCompression("gzip", nil, nil),
		connect.WithInterceptors(credentials{token: chosen.token}),
	}, chosen.connect...)
	base := address.String()
	client.Codes = &CodeService{codeactionsv1connect.NewCodeServiceClient(over, base, stub...), client}
	client.Runs = &RunnerService{codeactionsv1connect.NewRunnerServiceClient(over, base, stub...), client}
	client.Logs = &LogService{codeactionsv1connect.NewLogServiceClient(over, base, stub...), client}
	client.Projects = &ProjectService{codeactionsv1connect.NewProjectServiceClient(over, base, stub...), client}
	return client, nil
}

// Close ends what is under way, which fails with CALL_CANCELLED, as does all that is called later, and closes the
// connections. An HTTP client that was given to New keeps its own. Always nil; closing again does nothing.
func (c *Client) Close() error {
	// Calls first, so that they do not take the end of their connection for a broken one.
	c.calls.end()
	c.connections.end()
	return nil
}

// bounded is a context for one call or stream: it ends with the caller's and with the client, and after the time-out
// where the caller's has no deadline. A time-out of 0 is none. The function gives up what it holds.
func (c *Client) bounded(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	var cancel context.CancelFunc
	if _, has := ctx.Deadline(); !has && timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, timeout)
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	forget := c.calls.add(cancel)
	return ctx, func() {
		forget()
		cancel()
	}
}

func parsedAddress(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return nil, fmt.Errorf("codeactions: the address %q must look like http://127.0.0.1:8050 or https://host", text)
	}
	return &url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path}, nil
}
