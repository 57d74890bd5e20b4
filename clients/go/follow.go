package codeactions

import (
	"context"
	"io"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
)

// TailLogs follows the log of a run, a code or a project, from where the request says: from now on if it says nothing.
// The first event says that it follows; LogBatch events have the entries. The tail of one run ends with the run, the
// others when the context ends or the stream is closed.
func (s *LogService) TailLogs(ctx context.Context, request *v1.TailLogsRequest) *Stream[*v1.LogEvent] {
	first := &v1.TailLogsRequest{}
	proto.Merge(first, request)
	return newStream(ctx, s.client, plan[*v1.LogEvent]{
		open: func(ctx context.Context, last *v1.LogEvent) (func() (*v1.LogEvent, error), error) {
			stream, err := s.Stub.TailLogs(ctx, connect.NewRequest(tailAfter(first, last)))
			return receiver(stream, err, (*v1.TailLogsResponse).GetEvent)
		},
		isFirst: func(event *v1.LogEvent) bool { return event.GetStarted() != nil },
		isLast:  func(event *v1.LogEvent) bool { return event.GetEnded() != nil },
	})
}

// RunCodeStream runs a code and shows the run while it happens: its start, its log, its end with the result. The run goes on
// when the caller goes away. A connection that breaks after the start is taken up again as a watched run; the request
// gets an id where it has none, so that one that breaks before is not the beginning of a second run.
func (s *RunnerService) RunCodeStream(ctx context.Context, request *v1.RunCodeStreamRequest) *Stream[*v1.RunEvent] {
	request = withRequestID(request)
	return s.follow(ctx, "", func(ctx context.Context) (func() (*v1.RunEvent, error), error) {
		stream, err := s.Stub.RunCodeStream(ctx, connect.NewRequest(request))
		return receiver(stream, err, (*v1.RunCodeStreamResponse).GetEvent)
	})
}

// RunSource runs a source that is not stored, and shows the run as RunCodeStream does.
func (s *RunnerService) RunSource(ctx context.Context, request *v1.RunSourceRequest) *Stream[*v1.RunEvent] {
	request = withRequestID(request)
	return s.follow(ctx, "", func(ctx context.Context) (func() (*v1.RunEvent, error), error) {
		stream, err := s.Stub.RunSource(ctx, connect.NewRequest(request))
		return receiver(stream, err, (*v1.RunSourceResponse).GetEvent)
	})
}

// WatchRun follows a run until it has ended, after the event with the cursor in the request, or from the beginning.
func (s *RunnerService) WatchRun(ctx context.Context, request *v1.WatchRunRequest) *Stream[*v1.RunEvent] {
	runID, cursor := request.GetRunId(), request.GetCursor()
	return s.follow(ctx, runID, func(ctx context.Context) (func() (*v1.RunEvent, error), error) {
		return s.watch(ctx, runID, cursor)
	})
}

// follow begins in any way and goes on as a watched run. The run's id is empty when only its start, which is the first
// event, will tell it.
func (s *RunnerService) follow(
	ctx context.Context,
	runID string,
	begin func(context.Context) (func() (*v1.RunEvent, error), error),
) *Stream[*v1.RunEvent] {
	return newStream(ctx, s.client, plan[*v1.RunEvent]{
		open: func(ctx context.Context, last *v1.RunEvent) (func() (*v1.RunEvent, error), error) {
			if last != nil {
				return s.watch(ctx, runID, last.GetCursor())
			}
			receive, err := begin(ctx)
			return func() (*v1.RunEvent, error) {
				event, err := receive()
				if started := event.GetStarted(); started != nil {
					runID = started.GetId()
				}
				return event, err
			}, err
		},
		isFirst: func(event *v1.RunEvent) bool { return event.GetStarted() != nil },
		isLast:  func(event *v1.RunEvent) bool { return event.GetFinished() != nil },
	})
}

func (s *RunnerService) watch(ctx context.Context, runID, cursor string) (func() (*v1.RunEvent, error), error) {
	stream, err := s.Stub.WatchRun(ctx, connect.NewRequest(&v1.WatchRunRequest{RunId: runID, Cursor: cursor}))
	return receiver(stream, err, (*v1.WatchRunResponse).GetEvent)
}

// WatchPool shows the pool, and then every change of it, until the context ends or the stream is closed. A connection that
// breaks is followed by one that begins anew with the whole pool: changes of that moment are in it, and not told one by
// one.
func (s *RunnerService) WatchPool(ctx context.Context, request *v1.WatchPoolRequest) *Stream[*v1.WatchPoolResponse] {
	first := &v1.WatchPoolRequest{}
	proto.Merge(first, request)
	itself := func(event *v1.WatchPoolResponse) *v1.WatchPoolResponse { return event }
	never := func(*v1.WatchPoolResponse) bool { return false }
	return newStream(ctx, s.client, plan[*v1.WatchPoolResponse]{
		open: func(ctx context.Context, _ *v1.WatchPoolResponse) (func() (*v1.WatchPoolResponse, error), error) {
			stream, err := s.Stub.WatchPool(ctx, connect.NewRequest(first))
			return receiver(stream, err, itself)
		},
		isFirst: never,
		isLast:  never,
	})
}

// tailAfter is the request that goes on after an event, or the first one when there is none.
func tailAfter(first *v1.TailLogsRequest, last *v1.LogEvent) *v1.TailLogsRequest {
	if last == nil {
		return first
	}
	next := proto.Clone(first).(*v1.TailLogsRequest)
	next.From = &v1.TailLogsRequest_Cursor{Cursor: last.GetCursor()}
	return next
}

// receiver turns a stub's stream into a function that gives one event after the other, and io.EOF at the end.
func receiver[Response any, E Event](
	stream *connect.ServerStreamForClient[Response],
	err error,
	eventOf func(*Response) E,
) (func() (E, error), error) {
	if err != nil {
		return nil, err
	}
	return func() (E, error) {
		for stream.Receive() {
			if event := eventOf(stream.Msg()); event != nil {
				return event, nil
			}
		}
		if err := stream.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}, nil
}
