package io.codeactions.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * Something that goes on, followed through broken connections: a new one is made after the last event seen, which leaves
 * no gap and no duplicate; a watched pool begins anew. Heartbeats are swallowed.
 *
 * <pre>{@code
 * try (var tail = client.tail(request)) {
 *   for (var event : tail) event.getBatch().getEntriesList().forEach(entry -> System.out.println(entry.getText()));
 * }
 * }</pre>
 *
 * <p>{@link #hasNext} waits, and throws {@link CodeActionsException} when the service refuses, cannot be reached for too
 * long, or the caller's thread or context says so. For one thread at a time, but {@link #close} may be called by any.
 *
 * @param <E> {@link io.codeactions.v1.RunEvent}, {@link io.codeactions.v1.LogEvent} or {@link
 *     io.codeactions.v1.WatchPoolResponse}
 */
public final class Followed<E> implements Iterator<E>, Iterable<E>, AutoCloseable {
  /** What is followed: how to open it, and what its events mean. */
  interface Plan<E> {
    /** Opens a connection after the last event seen; null when none was. */
    Reception<E> open(E last);

    /** Whether it is the first event of a connection, which says nothing new on a later one. */
    boolean isStart(E event);

    /** Whether it only says that the connection is alive. */
    boolean isHeartbeat(E event);

    /** Whether it is the last event. A stream that ends before it is broken. */
    boolean isEnd(E event);
  }

  /** How long nothing may come, not even a heartbeat: over one connection, and over any number of them. */
  record Patience(Duration silenceMax, Duration giveUpAfter) {}

  private final Errand errand;
  private final Plan<E> plan;
  private final Patience patience;
  private Reception<E> reception;
  private E last;
  private E upcoming;
  private int failures;
  private long heardAt = System.nanoTime();
  private boolean hasEnded;
  private CodeActionsException failure;
  private volatile boolean isClosed;

  Followed(Errand errand, Plan<E> plan, Patience patience) {
    this.errand = errand;
    this.plan = plan;
    this.patience = patience;
  }

  /**
   * Waits for the next event.
   *
   * @return false when what is followed has ended, or this was closed
   */
  @Override
  public boolean hasNext() {
    while (upcoming == null && !hasEnded && !isClosed) hear();
    if (isClosed) return false;
    if (upcoming == null && failure != null) throw failure;
    return upcoming != null;
  }

  @Override
  public E next() {
    if (!hasNext()) throw new NoSuchElementException();
    E event = upcoming;
    upcoming = null;
    return event;
  }

  /**
   * This, for a loop; events that were taken do not come again.
   *
   * @return this
   */
  @Override
  public Iterator<E> iterator() {
    return this;
  }

  /** Hangs up. What is followed goes on without its follower. */
  @Override
  public void close() {
    isClosed = true;
    errand.close();
  }

  private void hear() {
    E event;
    try {
      if (reception == null) reception = errand.within(() -> plan.open(last));
      event = reception.next(patience.silenceMax());
    } catch (StatusRuntimeException e) {
      recover(errand.failureOf(e));
      return;
    }
    boolean isRepeated = last != null && plan.isStart(event);
    // A heartbeat's cursor may be further than its predecessor's, past entries that a filter hides.
    last = event;
    heardAt = System.nanoTime();
    if (!plan.isStart(event)) failures = 0;
    if (!isRepeated && !plan.isHeartbeat(event)) upcoming = event;
    if (plan.isEnd(event)) end(null);
  }

  /** Decides what a connection's end means: the end of all, or a pause before the next connection. */
  private void recover(CodeActionsException error) {
    hangUp();
    boolean isTired = System.nanoTime() - heardAt > patience.giveUpAfter().toNanos();
    if (isTired || !(Retries.mayPass(error) || Retries.didNothing(error))) {
      end(error);
      return;
    }
    failures++;
    try {
      errand.pause(Calls.delayAfter(failures, error));
    } catch (CodeActionsException over) {
      end(over);
    }
  }

  private void end(CodeActionsException why) {
    hasEnded = true;
    failure = why;
    hangUp();
    errand.close();
  }

  private void hangUp() {
    if (reception != null) reception.hangUp();
    reception = null;
  }
}
