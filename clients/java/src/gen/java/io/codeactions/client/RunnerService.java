// Written by clients/java/tools/ServiceGenerator.java from the contract. Do not edit.
package io.codeactions.client;

import io.codeactions.v1.CancelRunRequest;
import io.codeactions.v1.CancelRunResponse;
import io.codeactions.v1.CreateScheduleRequest;
import io.codeactions.v1.CreateScheduleResponse;
import io.codeactions.v1.DeleteScheduleRequest;
import io.codeactions.v1.DeleteScheduleResponse;
import io.codeactions.v1.GetPoolRequest;
import io.codeactions.v1.GetPoolResponse;
import io.codeactions.v1.GetRunRequest;
import io.codeactions.v1.GetRunResponse;
import io.codeactions.v1.GetScheduleRequest;
import io.codeactions.v1.GetScheduleResponse;
import io.codeactions.v1.LiftQuarantineRequest;
import io.codeactions.v1.LiftQuarantineResponse;
import io.codeactions.v1.ListRunsRequest;
import io.codeactions.v1.ListRunsResponse;
import io.codeactions.v1.ListSchedulesRequest;
import io.codeactions.v1.ListSchedulesResponse;
import io.codeactions.v1.ReplayRunRequest;
import io.codeactions.v1.ReplayRunResponse;
import io.codeactions.v1.Run;
import io.codeactions.v1.RunCodeRequest;
import io.codeactions.v1.RunCodeResponse;
import io.codeactions.v1.RunnerServiceGrpc;
import io.codeactions.v1.Schedule;
import io.codeactions.v1.StartRunRequest;
import io.codeactions.v1.StartRunResponse;
import io.codeactions.v1.UpdateScheduleRequest;
import io.codeactions.v1.UpdateScheduleResponse;
import java.time.Duration;

/**
 * Runs codes and follows runs.
 *
 * <p>A run belongs to the service, not to its caller: once it is accepted it has a record, and it ends in exactly one
 * final status whatever happens to the caller, the worker or the process. A code that fails is an answer (a run whose
 * status says so), not an error of the call; the call fails only when the run was refused or its outcome is unknown.
 *
 * <p>Calls block until they are answered, have a deadline, are sent again where that does nothing twice, and throw
 * {@link CodeActionsException}. What streams is followed with {@link CodeActions}. Safe for use by many threads.
 */
public final class RunnerService {
  private final Calls calls;
  private final Duration timeout;

  RunnerService(Calls calls, Duration timeout) {
    this.calls = calls;
    this.timeout = timeout;
  }

  /**
   * The same service with another deadline, which also bounds what is sent again.
   *
   * @param timeout how long each call may take; more than zero
   * @return the service, over the same connection
   */
  public RunnerService withTimeout(Duration timeout) {
    return new RunnerService(calls, Calls.checked(timeout));
  }

  /**
   * Runs a version of a code, waits, and answers with the run and its result. When the caller goes away first
   * the run is cancelled, unless it carries a {@code request_id}: then it goes on, and a retry with the same id attaches to
   * it. The answer does not echo the input.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public RunCodeResponse runCode(RunCodeRequest request) {
    return calls.call(RunnerServiceGrpc.getRunCodeMethod(), request, timeout);
  }

  /**
   * Queues a durable run of a code and answers at once: from then on the run survives the death of any
   * process, and ends in one final status.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public StartRunResponse startRun(StartRunRequest request) {
    return calls.call(RunnerServiceGrpc.getStartRunMethod(), request, timeout);
  }

  /**
   * Queues a durable run with the input of an earlier run, of the version that is chosen.
   * FAILED_PRECONDITION (INPUT_NOT_KEPT) when that input was not recorded. The values of credentials among its headers
   * are not: the code is given {@code [redacted]} in their place.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ReplayRunResponse replayRun(ReplayRunRequest request) {
    return calls.call(RunnerServiceGrpc.getReplayRunMethod(), request, timeout);
  }

  /**
   * Reads one run.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public GetRunResponse getRun(GetRunRequest request) {
    return calls.call(RunnerServiceGrpc.getGetRunMethod(), request, timeout);
  }

  /**
   * Reads runs of a project or of one code, newest first.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ListRunsResponse listRuns(ListRunsRequest request) {
    return calls.call(RunnerServiceGrpc.getListRunsMethod(), request, timeout);
  }

  /**
   * Reads everything that {@link #listRuns} answers, page after page, from the request's page token on.
   *
   * @param request what to list; pages have 100 items unless it says otherwise
   * @return the items, each page read when the one before it is used up
   */
  public Pages<Run> listAllRuns(ListRunsRequest request) {
    return new Pages<>(
        request.getPageToken(),
        token -> {
          int size = Pages.sizeFor(request.getPageSize());
          var page = listRuns(request.toBuilder().setPageSize(size).setPageToken(token).build());
          return new Pages.Page<>(page.getRunsList(), page.getNextPageToken());
        });
  }

  /**
   * Ends a run in any state before its last: one that waits for its turn or for its next attempt, or one
   * that is under way, with everything it started. FAILED_PRECONDITION (RUN_ENDED) with the status when it has ended.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public CancelRunResponse cancelRun(CancelRunRequest request) {
    return calls.call(RunnerServiceGrpc.getCancelRunMethod(), request, timeout);
  }

  /**
   * Starts a code at the times of a cron expression. A project may have 1,000 schedules.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public CreateScheduleResponse createSchedule(CreateScheduleRequest request) {
    return calls.call(RunnerServiceGrpc.getCreateScheduleMethod(), request, timeout);
  }

  /**
   * Reads one schedule.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public GetScheduleResponse getSchedule(GetScheduleRequest request) {
    return calls.call(RunnerServiceGrpc.getGetScheduleMethod(), request, timeout);
  }

  /**
   * Reads the schedules of a project or of one code, newest first.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ListSchedulesResponse listSchedules(ListSchedulesRequest request) {
    return calls.call(RunnerServiceGrpc.getListSchedulesMethod(), request, timeout);
  }

  /**
   * Reads everything that {@link #listSchedules} answers, page after page, from the request's page token on.
   *
   * @param request what to list; pages have 100 items unless it says otherwise
   * @return the items, each page read when the one before it is used up
   */
  public Pages<Schedule> listAllSchedules(ListSchedulesRequest request) {
    return new Pages<>(
        request.getPageToken(),
        token -> {
          int size = Pages.sizeFor(request.getPageSize());
          var page = listSchedules(request.toBuilder().setPageSize(size).setPageToken(token).build());
          return new Pages.Page<>(page.getSchedulesList(), page.getNextPageToken());
        });
  }

  /**
   * Changes the fields that are present. Another expression or time zone, and the end of a pause, reckon
   * the next time anew.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public UpdateScheduleResponse updateSchedule(UpdateScheduleRequest request) {
    return calls.call(RunnerServiceGrpc.getUpdateScheduleMethod(), request, timeout);
  }

  /**
   * Ends a schedule. Runs that it has started go on.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public DeleteScheduleResponse deleteSchedule(DeleteScheduleRequest request) {
    return calls.call(RunnerServiceGrpc.getDeleteScheduleMethod(), request, timeout);
  }

  /**
   * Shows the nodes that run codes, their breakers, the queue and what is quarantined.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public GetPoolResponse getPool(GetPoolRequest request) {
    return calls.call(RunnerServiceGrpc.getGetPoolMethod(), request, timeout);
  }

  /**
   * Lets a version run again that was refused because its workers kept dying.
   * FAILED_PRECONDITION (NOT_QUARANTINED) when it is not refused.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public LiftQuarantineResponse liftQuarantine(LiftQuarantineRequest request) {
    return calls.call(RunnerServiceGrpc.getLiftQuarantineMethod(), request, timeout);
  }
}
