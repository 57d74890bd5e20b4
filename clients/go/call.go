package codeactions

import (
	"context"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

// call makes a unary call: with a deadline, a request id where that makes it safe to repeat, retries and typed errors.
// The caller's message is not changed.
func call[Request, Response any](
	ctx context.Context,
	client *Client,
	method method,
	send func(context.Context, *connect.Request[Request]) (*connect.Response[Response], error),
	request *Request,
) (*Response, error) {
	if request == nil {
		request = new(Request)
	}
	timeout := client.timeout
	if method.procedure == codeactionsv1connect.RunnerServiceRunCodeProcedure {
		timeout = client.runTimeout
	}
	ctx, end := client.bounded(ctx, timeout)
	defer end()
	if method.repeatable {
		// A repeatable call that takes a request id creates something. RunCode is not one of them: with a request id
		// its run would go on without its caller.
		request = withRequestID(request)
	}
	isRepeatable := method.repeatable || requestIDOf(request) != ""
	return retried(ctx, isRepeatable, func() (*Response, error) {
		response, err := send(ctx, connect.NewRequest(request))
		if err != nil {
			return nil, err
		}
		return response.Msg, nil
	})
}

// withRequestID gives a message that can have a request id one, where it has none, in a copy.
func withRequestID[Request any](request *Request) *Request {
	if request == nil {
		request = new(Request)
	}
	message, ok := any(request).(proto.Message)
	if !ok {
		return request
	}
	field := message.ProtoReflect().Descriptor().Fields().ByName("request_id")
	if field == nil || requestIDOf(request) != "" {
		return request
	}
	named := proto.Clone(message)
	named.ProtoReflect().Set(field, protoreflect.ValueOfString(NewRequestID()))
	return any(named).(*Request)
}

// requestIDOf is the request id of a message; empty if it has none.
func requestIDOf(request any) string {
	named, ok := request.(interface{ GetRequestId() string })
	if !ok {
		return ""
	}
	return named.GetRequestId()
}
