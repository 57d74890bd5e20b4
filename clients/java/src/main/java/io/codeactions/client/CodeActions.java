package io.codeactions.client;

import io.codeactions.v1.LogEvent;
import io.codeactions.v1.Run;
import io.codeactions.v1.RunCodeRequest;
import io.codeactions.v1.RunCodeStreamRequest;
import io.codeactions.v1.RunEvent;
import io.codeactions.v1.RunSourceRequest;
import io.codeactions.v1.TailLogsRequest;
import io.codeactions.v1.WatchPoolRequest;
import io.codeactions.v1.WatchPoolResponse;
import io.codeactions.v1.WatchRunRequest;
import io.grpc.Channel;
import java.time.Duration;

/**
 * A service, ready to be called: {@link #codes}, {@link #runs}, {@link #logs} and {@link #projects} have the contract's
 * methods, the others do what takes more than one call.
 *
 * <p>Calls have a deadline (30 seconds, RunCode 960 seconds), are sent again where that does nothing twice, and throw
 * {@link CodeActionsException}. Interrupting the calling thread, or cancelling the {@link io.grpc.Context} in which it
 * calls, ends a call. One client serves many threads over one connection.
 */
public final class CodeActions implements AutoCloseable {
  /** The version of this client. */
  public static final String VERSION = "0.1.0";

  /** Heartbeats come every 15 seconds; a stream that has been silent for three of them is taken for broken. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(45);

  private final Calls calls;
  private final Streams streams;

  CodeActions(Calls calls, Duration giveUpAfter) {
    this.calls = calls;
    this.streams = new Streams(calls, new Followed.Patience(SILENCE_MAX, giveUpAfter));
  }

  /**
   * A client of the service that {@code CODEACTIONS_ADDRESS} names, with the token {@code CODEACTIONS_TOKEN}.
   *
   * @return the client; whether the service answers shows with the first call
   */
  public static CodeActions create() {
    return builder().build();
  }

  /**
   * Begins a client with settings of its own.
   *
   * @return settings, which come from the environment until they are given
   */
  public static CodeActionsBuilder builder() {
    return new CodeActionsBuilder();
  }

  /**
   * Stores codes and their versions, publishes and rolls back, checks sources, keeps secrets.
   *
   * @return the contract's methods for that
   */
  public CodeService codes() {
    return new CodeService(calls, null);
  }

  /**
   * Runs codes, reads and cancels runs.
   *
   * @return the contract's methods for that
   */
  public RunnerService runs() {
    return new RunnerService(calls, null);
  }

  /**
   * Reads what runs wrote.
   *
   * @return the contract's methods for that
   */
  public LogService logs() {
    return new LogService(calls, null);
  }

  /**
   * Keeps projects and their tokens.
   *
   * @return the contract's methods for that
   */
  public ProjectService projects() {
    return new ProjectService(calls, null);
  }

  /**
   * Runs a code and waits for its end. A code that fails is an answer too: look at its status. Without a request id the
   * run is cancelled when this call is, and never started twice; with one it goes on, and the same call again attaches to
   * it.
   *
   * @param request which code to run, and what to give it
   * @return the run as it ended
   */
  public Run run(RunCodeRequest request) {
    return runs().runCode(request).getRun();
  }

  /**
   * Runs a code and shows it while it happens: started, its log, finished. The run goes on when it is not followed any
   * more; CancelRun ends it.
   *
   * @param request which code to run, and what to give it
   * @return the events, which survive broken connections; to be closed
   */
  public Followed<RunEvent> runStream(RunCodeStreamRequest request) {
    return streams.run(request);
  }

  /**
   * Runs a source that is not stored, and shows it as {@link #runStream} does.
   *
   * @param request the source to run, and what to give it
   * @return the events, which survive broken connections; to be closed
   */
  public Followed<RunEvent> runSource(RunSourceRequest request) {
    return streams.runSource(request);
  }

  /**
   * Follows a run from its beginning, or after a cursor, to its end.
   *
   * @param request which run to follow
   * @return the events, which survive broken connections; to be closed
   */
  public Followed<RunEvent> watch(WatchRunRequest request) {
    return streams.watch(request);
  }

  /**
   * Follows the log of a run, a code or a project, from now on unless the request says otherwise. The tail of a run ends
   * with the run; the others go on until they are closed.
   *
   * @param request whose log to follow, and from where
   * @return the events, which survive broken connections without a gap and without a duplicate; to be closed
   */
  public Followed<LogEvent> tail(TailLogsRequest request) {
    return streams.tail(request);
  }

  /**
   * Shows the pool, and then every change of it, until it is closed. A connection that breaks is followed by one that
   * begins anew with the whole pool: changes of that moment are in it, and not told one by one.
   *
   * @param request whose share of the pool to show
   * @return the pool and its changes, which survive broken connections; to be closed
   */
  public Followed<WatchPoolResponse> watchPool(WatchPoolRequest request) {
    return streams.watchPool(request);
  }

  /**
   * The connection, for stubs of the caller's own, as those that are asynchronous: {@code
   * RunnerServiceGrpc.newFutureStub(client.channel())}. It shows the token; deadlines, retries and typed errors are the
   * caller's to add.
   *
   * @return the channel, which ends with this client
   */
  public Channel channel() {
    return calls.channel();
  }

  /** Closes the connection. What is under way fails with {@code CALL_CANCELLED}. */
  @Override
  public void close() {
    calls.close();
  }
}
