package io.codeactions.client;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What a caller waits for: one call with all its attempts, or one followed stream. It is over when the caller's context
 * or thread says so, or the client is closed. All of them end what gRPC does for it.
 */
final class Errand implements AutoCloseable {
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final Consumer<Errand> forget;
  private volatile String end = "the caller gave up the call";

  /** What is to forget it is told when it is closed. */
  Errand(Consumer<Errand> forget) {
    this.forget = forget;
  }

  /** Makes calls in the errand's context, so that they end with it. */
  <T> T within(Supplier<T> calls) {
    Context caller = context.attach();
    try {
      return calls.get();
    } finally {
      context.detach(caller);
    }
  }

  /** Waits. Throws as soon as the errand is over. */
  void pause(Duration delay) {
    CountDownLatch over = new CountDownLatch(1);
    Context.CancellationListener listener = cancelled -> over.countDown();
    context.addListener(listener, Runnable::run);
    try {
      if (over.await(delay.toNanos(), TimeUnit.NANOSECONDS)) throw givenUp(context.cancellationCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw givenUp(e);
    } finally {
      context.removeListener(listener);
    }
  }

  /** The error that callers see of what a call within it failed with. */
  CodeActionsException failureOf(StatusRuntimeException thrown) {
    if (Failures.wasInterrupted(thrown)) return givenUp(thrown);
    if (context.isCancelled()) {
      return givenUp(context.cancellationCause() == null ? thrown : context.cancellationCause());
    }
    return Failures.of(thrown);
  }

  /** Ends it early; `why` is what its caller will read. */
  void end(String why) {
    end = why;
    context.cancel(null);
  }

  @Override
  public void close() {
    forget.accept(this);
    context.cancel(null);
  }

  private CodeActionsException givenUp(Throwable cause) {
    if (cause instanceof TimeoutException) {
      return new CodeActionsException(
          Status.Code.DEADLINE_EXCEEDED,
          CodeActionsException.DEADLINE_EXCEEDED,
          "the deadline of the caller's context passed",
          cause);
    }
    return new CodeActionsException(Status.Code.CANCELLED, CodeActionsException.CALL_CANCELLED, end, cause);
  }
}
