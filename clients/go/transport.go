package codeactions

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/net/http2"
)

const (
	dialTimeout = 10 * time.Second
	// A connection on which nothing came for this long is pinged, and closed if the ping is not answered.
	pingAfter   = 20 * time.Second
	pingTimeout = 10 * time.Second
)

// newTransport speaks HTTP/2: over TLS, through the proxy that the environment names, or as it is (h2c).
func newTransport(address *url.URL, config *tls.Config) http.RoundTripper {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	if address.Scheme == "http" {
		return &http2.Transport{
			AllowHTTP: true,
			DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
			ReadIdleTimeout: pingAfter,
			PingTimeout:     pingTimeout,
		}
	}
	if config != nil {
		config = config.Clone()
	}
	overTLS := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     90 * time.Second,
	}
	// Fails only for a transport that was configured for HTTP/2 before.
	if configured, err := http2.ConfigureTransports(overTLS); err == nil {
		configured.ReadIdleTimeout = pingAfter
		configured.PingTimeout = pingTimeout
	}
	return overTLS
}

// credentials sends the token and the user agent with every call.
type credentials struct{ token string }

func (c credentials) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		c.addTo(request.Header())
		return next(ctx, request)
	}
}

func (c credentials) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		c.addTo(conn.RequestHeader())
		return conn
	}
}

func (c credentials) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

func (c credentials) addTo(header http.Header) {
	header.Set("User-Agent", userAgent)
	if c.token != "" {
		header.Set("Authorization", "Bearer "+c.token)
	}
}
