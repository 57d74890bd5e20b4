package codeactions

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"connectrpc.com/connect"

	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

// Client speaks to one service with one token. It is safe for use by many goroutines, which share its connection.
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
	giveUpAfter time.Duration
	connections *http.Client // This client's own; nil when it was given another.
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
	client := &Client{timeout: chosen.timeout, giveUpAfter: chosen.giveUpAfter}
	over := chosen.httpClient
	if over == nil {
		client.connections = &http.Client{Transport: newTransport(address, chosen.tls)}
		over = client.connections
	}
	stub := append([]connect.ClientOption{
		connect.WithGRPC(),
		connect.WithReadMaxBytes(messageBytesMax),
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

// Close closes the connection unless it is in use: calls and streams under way end by their own contexts. An HTTP client
// that was given to New stays as it is.
func (c *Client) Close() {
	if c.connections != nil {
		c.connections.CloseIdleConnections()
	}
}

func parsedAddress(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return nil, fmt.Errorf("codeactions: the address %q must look like http://127.0.0.1:8050 or https://host", text)
	}
	return &url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path}, nil
}
