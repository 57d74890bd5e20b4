// Written by clients/java/tools/ServiceGenerator.java from the contract. Do not edit.
package io.codeactions.client;

import io.codeactions.v1.CancelRunRequest;
import io.codeactions.v1.CancelRunResponse;
import io.codeactions.v1.GetRunRequest;
import io.codeactions.v1.GetRunResponse;
import io.codeactions.v1.ListRunsRequest;
import io.codeactions.v1.ListRunsResponse;
import io.codeactions.v1.Run;
import io.codeactions.v1.RunCodeRequest;
import io.codeactions.v1.RunCodeResponse;
import io.codeactions.v1.RunnerServiceGrpc;
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
   * Ends a run that is under way, with everything it started. FAILED_PRECONDITION (RUN_ENDED) with the
   * status when it already has.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public CancelRunResponse cancelRun(CancelRunRequest request) {
    return calls.call(RunnerServiceGrpc.getCancelRunMethod(), request, timeout);
  }
}
