module github.com/code-actions/code-actions/clients/go

go 1.19

require (
	connectrpc.com/connect v1.16.2
	golang.org/x/net v0.35.0
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240318140521-94a12d6c2237
	google.golang.org/protobuf v1.33.0
)

require golang.org/x/text v0.22.0 // indirect
