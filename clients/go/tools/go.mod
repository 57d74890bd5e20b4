// What makes this module: never part of it. Go leaves folders with a go.mod of their own out of a module.
module github.com/code-actions/code-actions/clients/go/tools

go 1.19

require (
	connectrpc.com/connect v1.16.2
	google.golang.org/protobuf v1.33.0
)

require golang.org/x/mod v0.20.0
