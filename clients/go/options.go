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
	runCodeTimeout = 960 * time.Second
	// How long a stream that was cut is tried again before its error is told.
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
		giveUpAfter: defaultGiveUpAfter,
	}
}

// WithAddress names the service, as http://127.0.0.1:8050; https:// means TLS.
func WithAddress(address string) Option {
	return func(s *settings) { s.address = address }
}

// WithToken gives the token to call with.
func WithToken(token string) Option {
	return func(s *settings) { s.token = token }
}

// WithTLS replaces Go's own TLS settings, as to trust an authority of one's own through RootCAs.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) { s.tls = config }
}

// WithTimeout sets the deadline of unary calls whose context has none. 30 seconds unless set; RunCode keeps its 960.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithGiveUpAfter sets for how long a stream that was cut is taken up again and again before it fails. 5 minutes
// unless set.
func WithGiveUpAfter(patience time.Duration) Option {
	return func(s *settings) { s.giveUpAfter = patience }
}

// WithHTTPClient replaces the HTTP client. It must speak HTTP/2, without TLS where the address begins with http://.
func WithHTTPClient(client connect.HTTPClient) Option {
	return func(s *settings) { s.httpClient = client }
}

// WithConnectOptions adds options of connect-go, such as interceptors for telemetry.
func WithConnectOptions(options ...connect.ClientOption) Option {
	return func(s *settings) { s.connect = append(s.connect, options...) }
}
