package main

import (
	"context"
	"errors"
	"fmt"

	codeactions "github.com/code-actions/code-actions/clients/go"
	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
)

// stage is what the cases share: the client, and the code that the first of them made.
type stage struct {
	settings settings
	client   *codeactions.Client
	open     []*codeactions.Client
	codeID   string
}

func newStage(told settings) *stage {
	s := &stage{settings: told}
	s.client = s.over(told.Address, told.Token)
	return s
}

// over is a new client, which the stage closes.
func (s *stage) over(address, token string) *codeactions.Client {
	client, err := codeactions.New(codeactions.WithAddress(address), codeactions.WithToken(token))
	if err != nil {
		fatal(err)
	}
	s.open = append(s.open, client)
	return client
}

func (s *stage) close() {
	for _, client := range s.open {
		client.Close()
	}
}

func (s *stage) create(name, source, requestID string) (*v1.Code, error) {
	response, err := s.client.Codes.CreateCode(context.Background(), &v1.CreateCodeRequest{
		ProjectId: s.settings.ProjectID,
		Name:      name,
		Type:      v1.CodeType_CODE_TYPE_ENDPOINT,
		Language:  v1.Language_LANGUAGE_PYTHON,
		Source:    source,
		RequestId: requestID,
	})
	return response.GetCode(), err
}

func (s *stage) run(input *v1.RunInput) (*v1.Run, error) {
	request := &v1.RunCodeRequest{CodeId: s.codeID, Input: input}
	response, err := s.client.Runs.RunCode(context.Background(), request)
	return response.GetRun(), err
}

// logOf reads the whole log of a run by tailing it from its beginning.
func (s *stage) logOf(runID string) ([]string, error) {
	tail := s.client.Logs.TailLogs(context.Background(), tailOf(runID))
	defer tail.Close()
	var texts []string
	for tail.Next() {
		for _, entry := range tail.Value().GetBatch().GetEntries() {
			texts = append(texts, entry.GetText())
		}
	}
	return texts, tail.Err()
}

func tailOf(runID string) *v1.TailLogsRequest {
	return &v1.TailLogsRequest{
		Scope: &v1.TailLogsRequest_RunId{RunId: runID},
		From:  &v1.TailLogsRequest_Beginning{Beginning: true},
	}
}

// refusal is the client's own error of a call that must fail.
func refusal(err error) (*codeactions.Error, error) {
	var refused *codeactions.Error
	if !errors.As(err, &refused) {
		return nil, fmt.Errorf("expected a refusal, got %v", err)
	}
	return refused, nil
}

func same[Value comparable](actual, expected Value) error {
	if actual != expected {
		return fmt.Errorf("expected %.500v, got %.500v", expected, actual)
	}
	return nil
}

// first is the first thing that went wrong.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
