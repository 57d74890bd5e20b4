package io.codeactions.client;

import com.google.protobuf.Message;
import io.codeactions.v1.RunnerServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Makes the calls of one client, and ends them when the client is closed. */
final class Calls implements AutoCloseable {
  private final ManagedChannel channel;
  private final Duration timeout;
  private final Duration runTimeout;
  private final Set<Errand> errands = ConcurrentHashMap.newKeySet();
  private volatile boolean isClosed;

  Calls(ManagedChannel channel, Duration timeout, Duration runTimeout) {
    this.channel = channel;
    this.timeout = timeout;
    this.runTimeout = runTimeout;
  }

  /**
   * Sends a call until it succeeds, fails for good, has been sent five times, or could not be answered before its deadline
   * any more. Null for the time-out means the client's own.
   */
  <Q extends Message, A> A call(MethodDescriptor<Q, A> method, Q request, Duration given) {
    boolean isIdempotent = Retries.isRepeatable(method);
    // An idempotent call that takes a request id creates something. RunCode is not one of them: with a request id its run
    // would go on without its caller.
    Q sent = isIdempotent ? RequestIds.ensured(request) : request;
    boolean isRepeatable = isIdempotent || RequestIds.has(sent);
    Deadline deadline = deadlineOf(method, given);
    try (Errand errand = begin()) {
      for (int attempt = 1; ; attempt++) {
        try {
          CallOptions options = CallOptions.DEFAULT.withDeadline(deadline);
          return errand.within(() -> ClientCalls.blockingUnaryCall(connection(), method, options, sent));
        } catch (StatusRuntimeException e) {
          CodeActionsException error = errand.failureOf(e);
          Duration delay = delayAfter(attempt, error);
          boolean isLate = deadline.timeRemaining(TimeUnit.NANOSECONDS) <= delay.toNanos();
          boolean isLast = attempt == Retries.ATTEMPTS_MAX;
          if (isLast || isLate || !Retries.maySendAgain(error, isRepeatable)) throw error;
          errand.pause(delay);
        }
      }
    }
  }

  /** Begins something that ends with the client at the latest. */
  Errand begin() {
    Errand errand = new Errand(errands::remove);
    errands.add(errand);
    if (isClosed) errand.end("the client was closed");
    return errand;
  }

  /**
   * The channel to make a call over. One whose last connection failed would answer with that failure until it has waited
   * long enough; when to try again is decided here, so that it is told to forget.
   */
  Channel connection() {
    if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) channel.enterIdle();
    return channel;
  }

  Channel channel() {
    return channel;
  }

  @Override
  public void close() {
    isClosed = true;
    errands.forEach(errand -> errand.end("the client was closed"));
    channel.shutdownNow();
  }

  static Duration delayAfter(int failures, CodeActionsException error) {
    return Retries.delayAfter(failures, error.retryAfter(), ThreadLocalRandom.current().nextDouble());
  }

  /** A time-out that makes sense. */
  static Duration checked(Duration timeout) {
    if (timeout.isZero() || timeout.isNegative()) {
      throw new IllegalArgumentException("the time must be more than zero, not " + timeout);
    }
    return timeout;
  }

  private Deadline deadlineOf(MethodDescriptor<?, ?> method, Duration given) {
    Duration usual = method == RunnerServiceGrpc.getRunCodeMethod() ? runTimeout : timeout;
    Duration wanted = given == null ? usual : given;
    Deadline own = Deadline.after(wanted.toNanos(), TimeUnit.NANOSECONDS);
    Deadline callers = Context.current().getDeadline();
    return callers == null ? own : own.minimum(callers);
  }
}
