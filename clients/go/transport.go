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
	idleTimeout = 90 * time.Second
	// A connection on which nothing came for this long is pinged, and closed if the ping is not answered.
	pingAfter   = 20 * time.Second
	pingTimeout = 10 * time.Second
)

// newTransport speaks HTTP/2: over TLS, through the proxy that the environment names, or as it is (h2c). Its connections
// end with the lifetime.
func newTransport(address *url.URL, config *tls.Config, connections *lifetime) http.RoundTripper {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return mortal{conn, connections.add(func() { conn.Close() })}, nil
	}
	if address.Scheme == "http" {
		return &http2.Transport{
			AllowHTTP: true,
			DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
				return dial(ctx, network, address)
			},
			IdleConnTimeout: idleTimeout,
			ReadIdleTimeout: pingAfter,
			PingTimeout:     pingTimeout,
		}
	}
	if config != nil {
		config = config.Clone()
	}
	overTLS := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dial,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     idleTimeout,
	}
	// Fails only for a transport that was configured for HTTP/2 before.
	if configured, err := http2.ConfigureTransports(overTLS); err == nil {
		configured.ReadIdleTimeout = pingAfter
		configured.PingTimeout = pingTimeout
	}
	return overTLS
}

// mortal is a connection that a lifetime ends, until it is closed.
type mortal struct {
	net.Conn
	forget func()
}

func (m mortal) Close() error {
	m.forget()
	return m.Conn.Close()
}

// credentials sends the token and the user agent with every call. A token that a caller of a stub gives goes first.
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
	if c.token != "" && header.Get("Authorization") == "" {
		header.Set("Authorization", "Bearer "+c.token)
	}
}
