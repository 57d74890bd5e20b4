package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	codeactions "github.com/code-actions/code-actions/clients/go"
	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
)

var cases = []struct {
	name string
	act  func(*stage, table) error
}{
	{"create", create}, {"invalid", invalid}, {"run", run}, {"bytes", allBytes}, {"unicode", unicode},
	{"stream", stream}, {"tail", tail}, {"watch", watch}, {"pages", pages}, {"deadline", deadline},
	{"cancel", cancel}, {"retry", retry}, {"noretry", noRetry}, {"unauthenticated", unauthenticated}, {"large", large},
	{"durable", durable}, {"schedule", schedule},
}

func create(s *stage, told table) error {
	requestID := codeactions.NewRequestID()
	code, err := s.create(told.Create.Name, told.Create.Source, requestID)
	if err != nil {
		return err
	}
	s.codeID = code.GetId()
	again, err := s.create(told.Create.Name, told.Create.Source, requestID)
	return first(
		err,
		same(code.GetSlug(), told.Create.Slug),
		same(code.GetActiveVersion(), 1),
		same(again.GetId(), code.GetId()),
	)
}

func invalid(s *stage, told table) error {
	_, err := s.create("Not a code", told.Invalid.Source, "")
	refused, err := refusal(err)
	if err != nil {
		return err
	}
	_, notANumber := strconv.Atoi(refused.Metadata["line"])
	return first(
		same(refused.Code, connect.CodeInvalidArgument),
		same(refused.Reason, codeactions.ReasonSourceInvalid),
		same(string(refused.Reason), told.Invalid.Reason),
		same(len(refused.Fields) > 0 && refused.Fields[0].Field == told.Invalid.Field, true),
		notANumber,
	)
}

func run(s *stage, told table) error {
	header := told.Run.Header
	input := &v1.RunInput{
		Headers: []*v1.Pair{{Name: header.Name, Value: header.Value}},
		Body:    []byte(told.Run.Body),
	}
	for _, query := range told.Run.Query {
		input.Query = append(input.Query, &v1.Pair{Name: query.Name, Value: query.Value})
	}
	done, err := s.run(input)
	if err != nil {
		return err
	}
	log, err := s.logOf(done.GetId())
	return first(
		err,
		same(done.GetStatus(), v1.RunStatus_RUN_STATUS_SUCCEEDED),
		same(done.GetResult().GetStatusCode(), told.Run.Status),
		same(string(done.GetResult().GetBody()), told.Run.Body),
		same(headerOf(done, header.Name), header.Value),
		same(strings.Join(log, "\n"), told.Run.Log),
	)
}

func allBytes(s *stage, _ table) error {
	body := make([]byte, 256_000)
	for place := range body {
		body[place] = byte(place)
	}
	done, err := s.run(&v1.RunInput{Body: body})
	return first(err, same(bytes.Equal(done.GetResult().GetBody(), body), true))
}

func unicode(s *stage, told table) error {
	text := told.Unicode.Text
	done, err := s.run(&v1.RunInput{
		Query: []*v1.Pair{{Name: "name", Value: text}},
		Body:  []byte(text),
	})
	if err != nil {
		return err
	}
	log, err := s.logOf(done.GetId())
	return first(
		err,
		same(string(done.GetResult().GetBody()), text),
		same(strings.Join(log, "\n"), "hello "+text),
	)
}

func stream(s *stage, told table) error {
	return streamed(s, s.client, "Streams", told.Stream.Source, told.Stream.Lines)
}

func watch(s *stage, told table) error {
	return streamed(s, s.over(s.settings.Cut, s.settings.Token), "Watches", told.Tail.Source, told.Tail.Lines)
}

func streamed(s *stage, client *codeactions.Client, name, source string, lines int) error {
	code, err := s.create(name, source, "")
	if err != nil {
		return err
	}
	steps := client.Runs.RunCodeStream(context.Background(), &v1.RunCodeStreamRequest{CodeId: code.GetId()})
	defer steps.Close()
	shape := ""
	for steps.Next() {
		shape += shapeOf(steps.Value().GetEvent(), steps.Value().GetLog())
	}
	return first(steps.Err(), same(shape, "*v1.RunEvent_Started "+numbers(lines)+"*v1.RunEvent_Finished "))
}

func tail(s *stage, told table) error {
	code, err := s.create("Tails", told.Tail.Source, "")
	if err != nil {
		return err
	}
	steps := s.client.Runs.RunCodeStream(context.Background(), &v1.RunCodeStreamRequest{CodeId: code.GetId()})
	defer steps.Close()
	if !steps.Next() {
		return fmt.Errorf("the run did not start: %w", steps.Err())
	}
	runID := steps.Value().GetStarted().GetId()
	tail := s.over(s.settings.Cut, s.settings.Token).Logs.TailLogs(context.Background(), tailOf(runID))
	defer tail.Close()
	shape := ""
	for tail.Next() {
		shape += shapeOf(tail.Value().GetEvent(), tail.Value().GetBatch())
	}
	return first(tail.Err(), same(shape, "*v1.LogEvent_Started "+numbers(told.Tail.Lines)+"*v1.LogEvent_Ended "))
}

func pages(s *stage, told table) error {
	names := make(chan string)
	var lock sync.Mutex
	var created []string
	var failed error
	var makers sync.WaitGroup
	for maker := 0; maker < 16; maker++ {
		makers.Add(1)
		go func() {
			defer makers.Done()
			for name := range names {
				code, err := s.create(name, told.Create.Source, "")
				lock.Lock()
				failed = first(failed, err)
				created = append(created, code.GetId())
				lock.Unlock()
			}
		}()
	}
	for number := 0; number < told.Pages.Codes; number++ {
		names <- fmt.Sprint("Page ", number)
	}
	close(names)
	makers.Wait()
	// Ids sort by time.
	sort.Sort(sort.Reverse(sort.StringSlice(created)))
	var found []string
	codes := s.client.Codes.AllCodes(context.Background(), &v1.ListCodesRequest{
		ProjectId: s.settings.ProjectID,
		PageSize:  100,
	})
	for codes.Next() {
		if strings.HasPrefix(codes.Value().GetName(), "Page ") {
			found = append(found, codes.Value().GetId())
		}
	}
	return first(
		failed,
		codes.Err(),
		same(len(found), told.Pages.Codes),
		same(strings.Join(found, " "), strings.Join(created, " ")),
	)
}

func deadline(s *stage, told table) error {
	code, err := s.create("Sleeps", told.Deadline.Source, "")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(told.Deadline.Milliseconds)*time.Millisecond)
	defer cancel()
	_, err = s.client.Runs.RunCode(ctx, &v1.RunCodeRequest{CodeId: code.GetId()})
	refused, wrong := refusal(err)
	if wrong != nil {
		return wrong
	}
	return first(
		same(refused.Code, connect.CodeDeadlineExceeded),
		same(refused.Reason, codeactions.ReasonDeadlineExceeded),
		same(errors.Is(err, context.DeadlineExceeded), true),
	)
}

func cancel(s *stage, told table) error {
	code, err := s.create("Sleeps too", told.Deadline.Source, "")
	if err != nil {
		return err
	}
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	steps := s.client.Runs.RunCodeStream(ctx, &v1.RunCodeStreamRequest{CodeId: code.GetId()})
	defer steps.Close()
	runID := ""
	for steps.Next() {
		if started := steps.Value().GetStarted(); started != nil {
			runID = started.GetId()
		}
		if steps.Value().GetLog() != nil {
			leave()
		}
	}
	refused, wrong := refusal(steps.Err())
	if wrong != nil {
		return wrong
	}
	response, err := s.client.Runs.CancelRun(context.Background(), &v1.CancelRunRequest{RunId: runID})
	return first(
		same(refused.Reason, codeactions.ReasonCallCancelled),
		same(errors.Is(steps.Err(), context.Canceled), true),
		err,
		same(response.GetRun().GetStatus(), v1.RunStatus_RUN_STATUS_CANCELLED),
	)
}

func retry(s *stage, _ table) error {
	client := s.over(s.settings.Flaky, s.settings.Token)
	response, err := client.Codes.GetCode(context.Background(), &v1.GetCodeRequest{CodeId: s.codeID})
	return first(err, same(response.GetCode().GetId(), s.codeID))
}

func noRetry(s *stage, _ table) error {
	client := s.over(s.settings.Flaky, s.settings.Token)
	_, err := client.Runs.RunCode(context.Background(), &v1.RunCodeRequest{CodeId: s.codeID})
	if err == nil {
		return nil
	}
	refused, wrong := refusal(err)
	if wrong != nil {
		return wrong
	}
	return same(refused.Code, connect.CodeUnavailable)
}

func unauthenticated(s *stage, told table) error {
	stranger := s.over(s.settings.Address, told.Unauthenticated.Token)
	_, err := stranger.Codes.GetCode(context.Background(), &v1.GetCodeRequest{CodeId: s.codeID})
	refused, wrong := refusal(err)
	if wrong != nil {
		return wrong
	}
	return first(
		same(refused.Code, connect.CodeUnauthenticated),
		same(string(refused.Reason), told.Unauthenticated.Reason),
	)
}

func large(s *stage, told table) error {
	body := bytes.Repeat([]byte{7}, told.Large.Bytes)
	done, err := s.run(&v1.RunInput{Body: body})
	if err != nil {
		return err
	}
	_, err = s.run(&v1.RunInput{Body: make([]byte, told.Large.Refused)})
	refused, wrong := refusal(err)
	if wrong != nil {
		return wrong
	}
	return first(
		same(bytes.Equal(done.GetResult().GetBody(), body), true),
		same(string(refused.Reason), told.Large.Reason),
	)
}

// shapeOf is what an event showed: its kind, or the numbers of its entries.
func shapeOf(event any, batch *v1.LogBatch) string {
	if batch == nil {
		return strings.Replace(fmt.Sprintf("%T ", event), "codeactionsv1.", "v1.", 1)
	}
	shape := ""
	for _, entry := range batch.GetEntries() {
		shape += fmt.Sprint(entry.GetSequence(), " ")
	}
	return shape
}

func numbers(count int) string {
	shape := ""
	for number := 1; number <= count; number++ {
		shape += fmt.Sprint(number, " ")
	}
	return shape
}

func headerOf(run *v1.Run, name string) string {
	for _, header := range run.GetResult().GetHeaders() {
		if strings.EqualFold(header.GetName(), name) {
			return header.GetValue()
		}
	}
	return ""
}
