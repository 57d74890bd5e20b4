package codeactions

import (
	"crypto/tls"
	"os"
	"time"

	"connectrpc.com/connect"
)

const (
	defaultAddress = "http://127.0.0.1:8050"
	defaultTimeout = 30 * time.Second
	// A run may wait for a worker, load its version and then take 15 minutes.
	defaultRunTimeout  = 960 * time.Second
	defaultGiveUpAfter = 5 * time.Minute
	// Messages of the service are at most 4 MiB; the rest is headroom.
	messageBytesMax = 5 << 20
)

// Option says how a client differs from the defaults.
type Option func(*settings)

type settings struct {
	address     string
	token       string
	tls         *tls.Config
	timeout     time.Duration
	runTimeout  time.Duration
	giveUpAfter time.Duration
	httpClient  connect.HTTPClient
	connect     []connect.ClientOption
}

func fromEnvironment() settings {
	address := os.Getenv("CODEACTIONS_ADDRESS")
	if address == "" {
		address = defaultAddress
	}
	return settings{
		address:     address,
		token:       os.Getenv("CODEACTIONS_TOKEN"),
		timeout:     defaultTimeout,
		runTimeout:  defaultRunTimeout,
		giveUpAfter: defaultGiveUpAfter,
	}
}

// WithAddress names the service, as http://127.0.0.1:8050; https:// means TLS.
func WithAddress(address string) Option {
	return func(s *settings) { s.address = address }
}

// WithToken gives the token to call with, instead of the environment's. "" is none.
func WithToken(token string) Option {
	return func(s *settings) { s.token = token }
}

// WithTLS replaces Go's own TLS settings: RootCAs trusts an authority of one's own, Certificates shows a certificate.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) { s.tls = config }
}

// WithTimeout sets for how long a call whose context has no deadline may take, retries included. 30 seconds unless set;
// 0 means no deadline. Streams have none, and RunCode its own.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithRunTimeout is WithTimeout for RunCode, which waits for a run to end. 960 seconds unless set; 0 means no deadline.
func WithRunTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.runTimeout = timeout }
}

// WithGiveUpAfter sets for how long a Stream may wait without a single message, and be opened again and again, before it
// fails. 5 minutes unless set.
func WithGiveUpAfter(patience time.Duration) Option {
	return func(s *settings) { s.giveUpAfter = patience }
}

// WithHTTPClient replaces the HTTP client, and with it WithTLS. It must speak HTTP/2, without TLS where the address begins
// with http://.
func WithHTTPClient(client connect.HTTPClient) Option {
	return func(s *settings) { s.httpClient = client }
}

// WithConnectOptions adds options of connect-go, such as interceptors for telemetry.
func WithConnectOptions(options ...connect.ClientOption) Option {
	return func(s *settings) { s.connect = append(s.connect, options...) }
}
