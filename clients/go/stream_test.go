package codeactions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
	"github.com/code-actions/code-actions/clients/go/gen/codeactions/v1/codeactionsv1connect"
)

// connection is what one connection to a server shows, and how it ends: by an error, by nothing more, or well.
type connection[Event any] struct {
	events []*Event
	end    func(context.Context) error
}

func cut(context.Context) error { breakOff(); return nil }

func ended(context.Context) error { return nil }

func silent(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func refused(code connect.Code, reason Reason) func(context.Context) error {
	return func(context.Context) error { return refusal(code, reason, 0) }
}

// server shows one connection after the other, and the last of them again and again, whichever of its methods is called,
// and notes what it was asked.
type server[Event any] struct {
	connections []connection[Event]
	asked       log[string]
	isSilent    chan struct{} // Gets a word when a connection has shown what it has, and only its end is left.
}

func newServer[Event any](connections ...connection[Event]) *server[Event] {
	return &server[Event]{connections: connections, isSilent: make(chan struct{}, 1)}
}

func (s *server[Event]) show(ctx context.Context, question string, send func(*Event) error) error {
	number := s.asked.add(question)
	if number >= len(s.connections) {
		number = len(s.connections) - 1
	}
	for _, event := range s.connections[number].events {
		if err := send(event); err != nil {
			return err
		}
	}
	select {
	case s.isSilent <- struct{}{}:
	default:
	}
	return s.connections[number].end(ctx)
}

func tailServer(s *server[v1.LogEvent]) route {
	return streaming(codeactionsv1connect.LogServiceTailLogsProcedure,
		func(ctx context.Context, request *v1.TailLogsRequest, stream *connect.ServerStream[v1.TailLogsResponse]) error {
			question := fmt.Sprint(request.GetCodeId(), " ", request.GetText(), " ", request.GetLast(), " ", request.GetCursor())
			return s.show(ctx, question, func(event *v1.LogEvent) error {
				return stream.Send(&v1.TailLogsResponse{Event: event})
			})
		})
}

func runServer(s *server[v1.RunEvent]) []route {
	return []route{
		streaming(codeactionsv1connect.RunnerServiceRunCodeStreamProcedure,
			func(ctx context.Context, request *v1.RunCodeStreamRequest, stream *connect.ServerStream[v1.RunCodeStreamResponse]) error {
				return s.show(ctx, "run "+request.GetRequestId(), func(event *v1.RunEvent) error {
					return stream.Send(&v1.RunCodeStreamResponse{Event: event})
				})
			}),
		streaming(codeactionsv1connect.RunnerServiceRunSourceProcedure,
			func(ctx context.Context, request *v1.RunSourceRequest, stream *connect.ServerStream[v1.RunSourceResponse]) error {
				return s.show(ctx, "source "+request.GetRequestId(), func(event *v1.RunEvent) error {
					return stream.Send(&v1.RunSourceResponse{Event: event})
				})
			}),
		streaming(codeactionsv1connect.RunnerServiceWatchRunProcedure,
			func(ctx context.Context, request *v1.WatchRunRequest, stream *connect.ServerStream[v1.WatchRunResponse]) error {
				question := fmt.Sprint("watch ", request.GetRunId(), " ", request.GetCursor())
				return s.show(ctx, question, func(event *v1.RunEvent) error {
					return stream.Send(&v1.WatchRunResponse{Event: event})
				})
			}),
	}
}

func tailStarted(cursor string) *v1.LogEvent {
	return &v1.LogEvent{Cursor: cursor, Event: &v1.LogEvent_Started{Started: &v1.TailStarted{}}}
}

func tailBatch(cursor string) *v1.LogEvent {
	return &v1.LogEvent{Cursor: cursor, Event: &v1.LogEvent_Batch{Batch: &v1.LogBatch{}}}
}

func tailHeartbeat(cursor string) *v1.LogEvent {
	return &v1.LogEvent{Cursor: cursor, Event: &v1.LogEvent_Heartbeat{Heartbeat: &v1.Heartbeat{}}}
}

func tailEnded(cursor string) *v1.LogEvent {
	return &v1.LogEvent{Cursor: cursor, Event: &v1.LogEvent_Ended{Ended: &v1.Run{}}}
}

func runStarted(cursor string) *v1.RunEvent {
	return &v1.RunEvent{Cursor: cursor, Event: &v1.RunEvent_Started{Started: &v1.Run{Id: "the-run"}}}
}

func runLog(cursor string) *v1.RunEvent {
	return &v1.RunEvent{Cursor: cursor, Event: &v1.RunEvent_Log{Log: &v1.LogBatch{}}}
}

func runFinished(cursor string) *v1.RunEvent {
	return &v1.RunEvent{Cursor: cursor, Event: &v1.RunEvent_Finished{Finished: &v1.Run{}}}
}

// cursorsOf are those of all events that a stream shows.
func cursorsOf[E interface {
	Event
	GetCursor() string
}](stream *Stream[E]) string {
	var cursors []string
	for stream.Next() {
		cursors = append(cursors, stream.Value().GetCursor())
	}
	return strings.Join(cursors, " ")
}

func TestTails(t *testing.T) {
	type shows = connection[v1.LogEvent]
	type events = []*v1.LogEvent
	for _, test := range []struct {
		name        string
		connections []shows
		asked       string // What each connection was asked to begin with.
		seen        string
		reason      Reason
	}{
		{
			"a tail that is cut goes on after its last event",
			[]shows{{events{tailStarted("1"), tailBatch("2")}, cut}, {events{tailStarted("2"), tailBatch("3"), tailEnded("4")}, ended}},
			"7 , 0 2", "1 2 3 4", "",
		},
		{
			"a heartbeat is not shown, but its cursor counts",
			[]shows{{events{tailStarted("1"), tailHeartbeat("2")}, cut}, {events{tailStarted("2"), tailEnded("3")}, ended}},
			"7 , 0 2", "1 3", "",
		},
		{
			"a tail that ends before its last event is opened again",
			[]shows{{events{tailStarted("1")}, ended}, {events{tailStarted("1"), tailEnded("2")}, ended}},
			"7 , 0 1", "1 2", "",
		},
		{
			"a tail that is cut before its first event begins anew",
			[]shows{{nil, cut}, {events{tailStarted("1"), tailEnded("2")}, ended}},
			"7 , 7 ", "1 2", "",
		},
		{
			"a service that shuts down is asked again",
			[]shows{{events{tailStarted("1")}, refused(connect.CodeUnavailable, ReasonShuttingDown)}, {events{tailEnded("2")}, ended}},
			"7 , 0 1", "1 2", "",
		},
		{
			"a message without an event is passed over",
			[]shows{{events{tailStarted("1"), nil, tailBatch("2")}, cut}, {events{nil, tailEnded("3")}, ended}},
			"7 , 0 2", "1 2 3", "",
		},
		{
			"a refusal ends it at once",
			[]shows{{nil, refused(connect.CodeNotFound, ReasonCodeNotFound)}},
			"7 ", "", ReasonCodeNotFound,
		},
		{
			"a refusal ends it when it is opened again, too",
			[]shows{{events{tailStarted("1")}, cut}, {nil, refused(connect.CodeUnauthenticated, ReasonTokenInvalid)}},
			"7 , 0 1", "1", ReasonTokenInvalid,
		},
	} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(test.connections...)
			client := clientOf(t, tailServer(server))
			request := &v1.TailLogsRequest{
				Scope: &v1.TailLogsRequest_CodeId{CodeId: "code"}, Text: "needle", From: &v1.TailLogsRequest_Last{Last: 7},
			}
			before := proto.Clone(request)
			tail := client.Logs.TailLogs(context.Background(), request)
			defer tail.Close()
			same(t, "seen", cursorsOf(tail), test.seen)
			var asked []string
			for _, question := range server.asked.all() {
				asked = append(asked, strings.TrimPrefix(question, "code needle "))
			}
			same(t, "asked", strings.Join(asked, ", "), test.asked)
			same(t, "the caller's request", proto.Equal(request, before), true)
			same(t, "more after the end", tail.Next(), false)
			if test.reason == "" && tail.Err() != nil {
				t.Error(tail.Err())
			}
			if test.reason != "" {
				same(t, "reason", failureOf(t, tail.Err()).Reason, test.reason)
			}
		})
	}
}

func TestRuns(t *testing.T) {
	type shows = connection[v1.RunEvent]
	type events = []*v1.RunEvent
	ctx := context.Background()
	runCode := func(client *Client) *Stream[*v1.RunEvent] {
		return client.Runs.RunCodeStream(ctx, &v1.RunCodeStreamRequest{RequestId: "mine"})
	}
	runSource := func(client *Client) *Stream[*v1.RunEvent] {
		return client.Runs.RunSource(ctx, &v1.RunSourceRequest{RequestId: "mine"})
	}
	watch := func(client *Client) *Stream[*v1.RunEvent] {
		return client.Runs.WatchRun(ctx, &v1.WatchRunRequest{RunId: "the-run", Cursor: "1"})
	}
	for _, test := range []struct {
		name        string
		follow      func(*Client) *Stream[*v1.RunEvent]
		connections []shows
		asked, seen string
	}{
		{
			"a run that breaks off after its start is watched", runCode,
			[]shows{{events{runStarted("1")}, cut}, {events{runStarted("1"), runLog("2")}, cut}, {events{runFinished("3")}, ended}},
			"run mine, watch the-run 1, watch the-run 2", "1 2 3",
		},
		{
			"a run that breaks off before its start is asked for again by the same id", runCode,
			[]shows{{nil, cut}, {events{runStarted("1"), runFinished("2")}, ended}},
			"run mine, run mine", "1 2",
		},
		{
			"so it is with a source", runSource,
			[]shows{{nil, cut}, {events{runStarted("1")}, cut}, {events{runFinished("2")}, ended}},
			"source mine, source mine, watch the-run 1", "1 2",
		},
		{
			"a run is watched from where the caller says", watch,
			[]shows{{nil, cut}, {events{runLog("2")}, cut}, {events{runFinished("3")}, ended}},
			"watch the-run 1, watch the-run 1, watch the-run 2", "2 3",
		},
	} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(test.connections...)
			run := test.follow(clientOf(t, runServer(server)...))
			defer run.Close()
			same(t, "seen", cursorsOf(run), test.seen)
			same(t, "asked", strings.Join(server.asked.all(), ", "), test.asked)
			if run.Err() != nil {
				t.Error(run.Err())
			}
		})
	}
}

func TestAWatchedPoolBeginsAnewWhenItsConnectionBreaks(t *testing.T) {
	type events = []*v1.WatchPoolResponse
	pool := func(inFlight int32) *v1.WatchPoolResponse {
		return &v1.WatchPoolResponse{Event: &v1.WatchPoolResponse_Pool{Pool: &v1.Pool{InFlight: inFlight}}}
	}
	change := &v1.WatchPoolResponse{Event: &v1.WatchPoolResponse_Change{Change: &v1.PoolChange{}}}
	heartbeat := &v1.WatchPoolResponse{Event: &v1.WatchPoolResponse_Heartbeat{Heartbeat: &v1.Heartbeat{}}}
	server := newServer(
		connection[v1.WatchPoolResponse]{events{pool(1), heartbeat, change}, cut},
		connection[v1.WatchPoolResponse]{events{pool(2)}, refused(connect.CodeUnauthenticated, ReasonTokenInvalid)},
	)
	client := clientOf(t, streaming(codeactionsv1connect.RunnerServiceWatchPoolProcedure,
		func(ctx context.Context, request *v1.WatchPoolRequest, stream *connect.ServerStream[v1.WatchPoolResponse]) error {
			return server.show(ctx, request.GetProjectId(), stream.Send)
		}))
	watched := client.Runs.WatchPool(context.Background(), &v1.WatchPoolRequest{ProjectId: "mine"})
	defer watched.Close()
	seen := ""
	for watched.Next() {
		seen += fmt.Sprintf("%T %d ", watched.Value().GetEvent(), watched.Value().GetPool().GetInFlight())
	}
	const kind = "*codeactionsv1.WatchPoolResponse_"
	same(t, "seen", seen, kind+"Pool 1 "+kind+"Change 0 "+kind+"Pool 2 ")
	same(t, "asked", strings.Join(server.asked.all(), ", "), "mine, mine")
	same(t, "reason", failureOf(t, watched.Err()).Reason, ReasonTokenInvalid)
}

func TestStreamedRunsGetARequestID(t *testing.T) {
	server := newServer(
		connection[v1.RunEvent]{nil, cut},
		connection[v1.RunEvent]{[]*v1.RunEvent{runStarted("1"), runFinished("2")}, ended},
	)
	run := clientOf(t, runServer(server)...).Runs.RunCodeStream(context.Background(), nil)
	defer run.Close()
	same(t, "seen", cursorsOf(run), "1 2")
	asked := server.asked.all()
	same(t, "a UUID", uuid.MatchString(strings.TrimPrefix(asked[0], "run ")), true)
	same(t, "the second question", asked[1], asked[0])
}

func TestSilentConnectionsAreGivenUp(t *testing.T) {
	server := newServer(
		connection[v1.LogEvent]{[]*v1.LogEvent{tailStarted("1")}, silent},
		connection[v1.LogEvent]{nil, silent},
		connection[v1.LogEvent]{[]*v1.LogEvent{tailEnded("2")}, ended},
	)
	tail := clientOf(t, tailServer(server)).Logs.TailLogs(context.Background(), nil)
	defer tail.Close()
	tail.silenceMax = 50 * time.Millisecond
	same(t, "seen", cursorsOf(tail), "1 2")
	// More where a busy machine is silent without being told to.
	same(t, "at least three connections", len(server.asked.all()) >= 3, true)
	if tail.Err() != nil {
		t.Error(tail.Err())
	}
}

func TestStreamsGiveUpWhenNothingIsHeardForTooLong(t *testing.T) {
	server := newServer(connection[v1.LogEvent]{nil, silent})
	client := newClient(t, WithAddress(serve(t, tailServer(server))), WithGiveUpAfter(0))
	tail := client.Logs.TailLogs(context.Background(), nil)
	defer tail.Close()
	tail.silenceMax = time.Millisecond
	same(t, "an event", tail.Next(), false)
	failure := failureOf(t, tail.Err())
	same(t, "code", failure.Code, connect.CodeUnavailable)
	same(t, "reason", failure.Reason, "")
	same(t, "cancelled by the caller", errors.Is(failure, context.Canceled), false)
}

func TestStreamsEndWhenTheyAreLeft(t *testing.T) {
	for _, test := range []struct {
		name   string
		leave  func(*Client, *Stream[*v1.LogEvent], context.CancelFunc)
		reason Reason // None is no error.
	}{
		{"by their context", func(_ *Client, _ *Stream[*v1.LogEvent], cancel context.CancelFunc) { cancel() }, ReasonCallCancelled},
		{"with their client", func(client *Client, _ *Stream[*v1.LogEvent], _ context.CancelFunc) { client.Close() }, ReasonCallCancelled},
		{"by being closed", func(_ *Client, tail *Stream[*v1.LogEvent], _ context.CancelFunc) { tail.Close() }, ""},
	} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			isGone := make(chan struct{})
			server := newServer(connection[v1.LogEvent]{[]*v1.LogEvent{tailStarted("1")}, func(ctx context.Context) error {
				defer close(isGone)
				return silent(ctx)
			}})
			client := clientOf(t, tailServer(server))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			tail := client.Logs.TailLogs(ctx, nil)
			same(t, "an event", tail.Next(), true)
			go func() {
				<-server.isSilent
				test.leave(client, tail, cancel)
			}()
			same(t, "another event", tail.Next(), false)
			<-isGone
			if test.reason == "" {
				same(t, "an error", tail.Err() == nil, true)
				return
			}
			same(t, "reason", failureOf(t, tail.Err()).Reason, test.reason)
			same(t, "cancelled", errors.Is(tail.Err(), context.Canceled), true)
		})
	}
}

func TestPausesOfStreamsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	tail := newStream(ctx, newClient(t), plan[*v1.LogEvent]{
		open: func(context.Context, *v1.LogEvent) (func() (*v1.LogEvent, error), error) {
			cancel()
			return nil, refusal(connect.CodeUnavailable, ReasonDatabaseUnavailable, time.Hour)
		},
	})
	same(t, "an event", tail.Next(), false)
	same(t, "reason", failureOf(t, tail.Err()).Reason, ReasonCallCancelled)
}

func TestStreamsEndAtTheirDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	server := newServer(connection[v1.LogEvent]{[]*v1.LogEvent{tailStarted("1")}, silent})
	tail := clientOf(t, tailServer(server)).Logs.TailLogs(ctx, nil)
	defer tail.Close()
	cursorsOf(tail)
	same(t, "reason", failureOf(t, tail.Err()).Reason, ReasonDeadlineExceeded)
	same(t, "late", errors.Is(tail.Err(), context.DeadlineExceeded), true)
}
