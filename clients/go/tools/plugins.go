//go:build plugins

// Package tools pins the generators: go.mod has their versions, go.sum their hashes.
package tools

import (
	_ "connectrpc.com/connect/cmd/protoc-gen-connect-go"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
