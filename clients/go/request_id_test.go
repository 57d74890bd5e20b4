package codeactions

import (
	"context"
	"regexp"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestNewRequestIDIsARandomUUID(t *testing.T) {
	seen := map[string]bool{}
	for number := 0; number < 1000; number++ {
		id := NewRequestID()
		if !uuid.MatchString(id) || seen[id] {
			t.Fatalf("%q is no UUID, or came before", id)
		}
		seen[id] = true
	}
}

func TestWithRequestID(t *testing.T) {
	bare := &v1.CreateCodeRequest{Name: "Hello"}
	given := withRequestID(bare)
	same(t, "a UUID", uuid.MatchString(given.GetRequestId()), true)
	same(t, "the rest of the message", given.GetName(), "Hello")
	same(t, "the caller's message", proto.Equal(bare, &v1.CreateCodeRequest{Name: "Hello"}), true)

	own := &v1.CreateCodeRequest{RequestId: "mine"}
	same(t, "a message with an id", withRequestID(own), own)
	other := &v1.GetCodeRequest{}
	same(t, "a message that takes none", withRequestID(other), other)
	same(t, "no message", uuid.MatchString(withRequestID[v1.CreateCodeRequest](nil).GetRequestId()), true)
}

func TestCreatingCallsGetARequestIDThatIsKeptAndRunsThatAreWaitedForGetNone(t *testing.T) {
	var given log[string]
	note := func(requestID string) error {
		if given.add(requestID)%2 == 0 {
			breakOff()
		}
		return nil
	}
	client := clientOf(t,
		unary(codeactionsv1connect.RunnerServiceStartRunProcedure,
			func(_ context.Context, request *connect.Request[v1.StartRunRequest]) (*v1.StartRunResponse, error) {
				return &v1.StartRunResponse{}, note(request.Msg.GetRequestId())
			}),
		unary(codeactionsv1connect.RunnerServiceReplayRunProcedure,
			func(_ context.Context, request *connect.Request[v1.ReplayRunRequest]) (*v1.ReplayRunResponse, error) {
				return &v1.ReplayRunResponse{}, note(request.Msg.GetRequestId())
			}),
		unary(codeactionsv1connect.RunnerServiceCreateScheduleProcedure,
			func(_ context.Context, request *connect.Request[v1.CreateScheduleRequest]) (*v1.CreateScheduleResponse, error) {
				return &v1.CreateScheduleResponse{}, note(request.Msg.GetRequestId())
			}),
		unary(codeactionsv1connect.CodeServiceCreateCodeProcedure,
			func(_ context.Context, request *connect.Request[v1.CreateCodeRequest]) (*v1.CreateCodeResponse, error) {
				return &v1.CreateCodeResponse{Code: &v1.Code{Name: request.Msg.GetRequestId()}}, nil
			}),
		unary(codeactionsv1connect.RunnerServiceRunCodeProcedure,
			func(_ context.Context, request *connect.Request[v1.RunCodeRequest]) (*v1.RunCodeResponse, error) {
				return &v1.RunCodeResponse{Run: &v1.Run{Id: request.Msg.GetRequestId()}}, nil
			}))
	created, err := client.Codes.CreateCode(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a UUID", uuid.MatchString(created.GetCode().GetName()), true)
	_, started := client.Runs.StartRun(context.Background(), &v1.StartRunRequest{CodeId: "some"})
	_, replayed := client.Runs.ReplayRun(context.Background(), &v1.ReplayRunRequest{RunId: "some"})
	_, scheduled := client.Runs.CreateSchedule(context.Background(), &v1.CreateScheduleRequest{CodeId: "some"})
	for _, err := range []error{started, replayed, scheduled} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ids := given.all()
	same(t, "calls", len(ids), 6)
	for number := 0; number < len(ids); number += 2 {
		same(t, "a UUID", uuid.MatchString(ids[number]), true)
		same(t, "the id of the same call", ids[number+1], ids[number])
	}
	done, err := client.Runs.RunCode(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the id of a run's request", done.GetRun().GetId(), "")
}
