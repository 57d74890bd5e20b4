// Written by clients/java/tools/ServiceGenerator.java from the contract. Do not edit.
package io.codeactions.client;

import io.codeactions.v1.ListLogEntriesRequest;
import io.codeactions.v1.ListLogEntriesResponse;
import io.codeactions.v1.LogEntry;
import io.codeactions.v1.LogServiceGrpc;
import java.time.Duration;

/**
 * Reads what runs wrote, as history and live.
 *
 * <p>An entry is visible once it is committed, a few milliseconds after it was written; nothing seen is ever taken back.
 * Order is promised within a run. Between runs, entries come in the order in which they were committed.
 *
 * <p>Calls block until they are answered, have a deadline, are sent again where that does nothing twice, and throw
 * {@link CodeActionsException}. What streams is followed with {@link CodeActions}. Safe for use by many threads.
 */
public final class LogService {
  private final Calls calls;
  private final Duration timeout;

  LogService(Calls calls, Duration timeout) {
    this.calls = calls;
    this.timeout = timeout;
  }

  /**
   * The same service with another deadline, which also bounds what is sent again.
   *
   * @param timeout how long each call may take; more than zero
   * @return the service, over the same connection
   */
  public LogService withTimeout(Duration timeout) {
    return new LogService(calls, Calls.checked(timeout));
  }

  /**
   * Reads a page of history.
   *
   * @param request what the call needs
   * @return what the service answers
   */
  public ListLogEntriesResponse listLogEntries(ListLogEntriesRequest request) {
    return calls.call(LogServiceGrpc.getListLogEntriesMethod(), request, timeout);
  }

  /**
   * Reads everything that {@link #listLogEntries} answers, page after page, from the request's page token on.
   *
   * @param request what to list; pages have 100 items unless it says otherwise
   * @return the items, each page read when the one before it is used up
   */
  public Pages<LogEntry> listAllLogEntries(ListLogEntriesRequest request) {
    return new Pages<>(
        request.getPageToken(),
        token -> {
          int size = Pages.sizeFor(request.getPageSize());
          var page = listLogEntries(request.toBuilder().setPageSize(size).setPageToken(token).build());
          return new Pages.Page<>(page.getEntriesList(), page.getNextPageToken());
        });
  }
}
