package main

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	codeactions "github.com/code-actions/code-actions/clients/go"
	v1 "github.com/code-actions/code-actions/clients/go/gen/codeactions/v1"
)

func durable(s *stage, told table) error {
	ctx := context.Background()
	code, err := s.create("Tries again", told.Durable.Source, "")
	if err != nil {
		return err
	}
	queued, err := s.client.Runs.StartRun(ctx, &v1.StartRunRequest{
		CodeId:      code.GetId(),
		RetryPolicy: &v1.RetryPolicy{MaxAttempts: 2, Backoff: durationpb.New(100 * time.Millisecond)},
	})
	if err != nil {
		return err
	}
	runID := queued.GetRun().GetId()
	steps := s.over(s.settings.Cut, s.settings.Token).Runs.WatchRun(ctx, &v1.WatchRunRequest{RunId: runID})
	defer steps.Close()
	var ends []*v1.Run
	lines, entries, isInOrder := map[int32]int{}, int64(0), true
	for steps.Next() {
		for _, entry := range steps.Value().GetLog().GetEntries() {
			entries++
			isInOrder = isInOrder && entry.GetSequence() == entries
			if strings.HasPrefix(entry.GetText(), "line ") {
				lines[entry.GetAttempt()]++
			}
		}
		if finished := steps.Value().GetFinished(); finished != nil {
			ends = append(ends, finished)
		}
	}
	if err := first(steps.Err(), same(len(ends), 1)); err != nil {
		return err
	}
	read, err := s.client.Runs.GetRun(ctx, &v1.GetRunRequest{RunId: runID})
	earlier := read.GetRun().GetDurable().GetEarlierAttempts()
	if err := first(err, same(len(earlier), 1)); err != nil {
		return err
	}
	return first(
		same(isInOrder, true),
		same(lines[1], told.Durable.Lines),
		same(lines[2], told.Durable.Lines),
		same(ends[0].GetStatus(), v1.RunStatus_RUN_STATUS_SUCCEEDED),
		same(read.GetRun().GetStatus(), v1.RunStatus_RUN_STATUS_SUCCEEDED),
		same(read.GetRun().GetAttempt(), 2),
		same(earlier[0].GetAttempt(), 1),
		same(earlier[0].GetStatus(), v1.RunStatus_RUN_STATUS_FAILED),
		same(earlier[0].GetError().GetMessage(), told.Durable.Error),
	)
}

func schedule(s *stage, told table) error {
	ctx := context.Background()
	request := &v1.CreateScheduleRequest{
		CodeId:    s.codeID,
		Name:      told.Schedule.Name,
		Cron:      told.Schedule.Cron,
		TimeZone:  told.Schedule.TimeZone,
		RequestId: codeactions.NewRequestID(),
	}
	created, err := s.client.Runs.CreateSchedule(ctx, request)
	if err != nil {
		return err
	}
	again, err := s.client.Runs.CreateSchedule(ctx, request)
	if err != nil {
		return err
	}
	id := created.GetSchedule().GetId()
	read, err := s.client.Runs.GetSchedule(ctx, &v1.GetScheduleRequest{ScheduleId: id})
	if err != nil {
		return err
	}
	_, err = s.client.Runs.CreateSchedule(ctx, &v1.CreateScheduleRequest{
		CodeId: s.codeID, Name: told.Schedule.Name, Cron: told.Schedule.Wrong,
	})
	wrong, err := refusal(err)
	if err != nil {
		return err
	}
	paused, err := s.client.Runs.UpdateSchedule(ctx, &v1.UpdateScheduleRequest{
		ScheduleId: id, Etag: read.GetSchedule().GetEtag(), Paused: proto.Bool(true),
	})
	if err != nil {
		return err
	}
	listed, err := s.schedules()
	if err != nil {
		return err
	}
	if _, err = s.client.Runs.DeleteSchedule(ctx, &v1.DeleteScheduleRequest{ScheduleId: id}); err != nil {
		return err
	}
	left, err := s.schedules()
	return first(
		err,
		same(again.GetSchedule().GetId(), id),
		same(read.GetSchedule().GetCron(), told.Schedule.Cron),
		same(read.GetSchedule().GetTimeZone(), told.Schedule.TimeZone),
		same(read.GetSchedule().GetNextFireTime().AsTime().After(time.Now()), true),
		same(wrong.Reason, codeactions.ReasonCronInvalid),
		same(string(wrong.Reason), told.Schedule.Reason),
		same(wrong.Metadata["position"], told.Schedule.Position),
		same(paused.GetSchedule().GetPaused(), true),
		same(paused.GetSchedule().GetNextFireTime() == nil, true),
		same(strings.Join(listed, " "), id),
		same(len(left), 0),
	)
}

// schedules are the ids of those of the code that the first case made.
func (s *stage) schedules() ([]string, error) {
	var ids []string
	all := s.client.Runs.AllSchedules(context.Background(), &v1.ListSchedulesRequest{
		Scope: &v1.ListSchedulesRequest_CodeId{CodeId: s.codeID},
	})
	for all.Next() {
		ids = append(ids, all.Value().GetId())
	}
	return ids, all.Err()
}
