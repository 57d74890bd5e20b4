package io.codeactions.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Message;
import io.codeactions.client.Followed.Patience;
import io.codeactions.v1.Heartbeat;
import io.codeactions.v1.LogBatch;
import io.codeactions.v1.LogEntry;
import io.codeactions.v1.Pool;
import io.codeactions.v1.PoolChange;
import io.codeactions.v1.Run;
import io.codeactions.v1.RunCodeStreamRequest;
import io.codeactions.v1.RunCodeStreamResponse;
import io.codeactions.v1.RunEvent;
import io.codeactions.v1.RunnerServiceGrpc;
import io.codeactions.v1.WatchPoolRequest;
import io.codeactions.v1.WatchPoolResponse;
import io.codeactions.v1.WatchRunRequest;
import io.codeactions.v1.WatchRunResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class FollowedTest {
  /** Answers each connection with the next part of a script, and remembers what it was asked. */
  private static final class Scripted extends RunnerServiceGrpc.RunnerServiceImplBase {
    final List<Message> asked = new CopyOnWriteArrayList<>();
    final CountDownLatch cancelled = new CountDownLatch(1);
    private final Queue<Consumer<StreamObserver<RunEvent>>> parts;

    Scripted(List<Consumer<StreamObserver<RunEvent>>> parts) {
      this.parts = new ArrayDeque<>(parts);
    }

    @Override
    public void runCodeStream(RunCodeStreamRequest request, StreamObserver<RunCodeStreamResponse> observer) {
      asked.add(request);
      play(event -> observer.onNext(RunCodeStreamResponse.newBuilder().setEvent(event).build()), observer);
    }

    @Override
    public void watchRun(WatchRunRequest request, StreamObserver<WatchRunResponse> observer) {
      asked.add(request);
      play(event -> observer.onNext(WatchRunResponse.newBuilder().setEvent(event).build()), observer);
    }

    private void play(Consumer<RunEvent> show, StreamObserver<?> observer) {
      Context.current().addListener(context -> cancelled.countDown(), Runnable::run);
      parts
          .remove()
          .accept(
              new StreamObserver<>() {
                @Override
                public void onNext(RunEvent event) {
                  show.accept(event);
                }

                @Override
                public void onError(Throwable error) {
                  observer.onError(error);
                }

                @Override
                public void onCompleted() {
                  observer.onCompleted();
                }
              });
    }
  }

  private static final RunEvent STARTED =
      event("s").setStarted(Run.newBuilder().setId("the run")).build();
  private static final RunEvent FIRST = log("1");
  private static final RunEvent SECOND = log("2");
  private static final RunEvent HEARTBEAT = event("h").setHeartbeat(Heartbeat.getDefaultInstance()).build();
  private static final RunEvent FINISHED = event("f").setFinished(Run.newBuilder().setId("the run")).build();

  @Test
  @DisplayName("a streamed run that is cut goes on as a watched one after its last event")
  void cut() throws Exception {
    Scripted runs =
        new Scripted(List.of(cutAfter(STARTED, FIRST), cutAfter(STARTED, SECOND), endAfter(STARTED, FINISHED)));
    assertEquals(List.of(STARTED, FIRST, SECOND, FINISHED), streamed(runs));
    assertEquals(List.of(watchAfter("1"), watchAfter("2")), runs.asked.subList(1, 3));
  }

  @Test
  @DisplayName("a streamed run whose start was lost is asked for again with the same request id")
  void startLost() throws Exception {
    Scripted runs = new Scripted(List.of(cutAfter(), endAfter(STARTED, FINISHED)));
    assertEquals(List.of(STARTED, FINISHED), streamed(runs));
    assertEquals(runs.asked.get(0), runs.asked.get(1));
    assertTrue(RequestIds.has(runs.asked.get(0)));
  }

  @Test
  @DisplayName("heartbeats are swallowed, and their cursors count")
  void heartbeats() throws Exception {
    Scripted runs = new Scripted(List.of(cutAfter(STARTED, FIRST, HEARTBEAT), endAfter(STARTED, FINISHED)));
    assertEquals(List.of(STARTED, FIRST, FINISHED), streamed(runs));
    assertEquals(watchAfter("h"), runs.asked.get(1));
  }

  @Test
  @DisplayName("a stream that ends before its last event is taken up again")
  void endedEarly() throws Exception {
    Scripted runs = new Scripted(List.of(endAfter(STARTED, FIRST), endAfter(STARTED, FINISHED)));
    assertEquals(List.of(STARTED, FIRST, FINISHED), streamed(runs));
  }

  @Test
  @DisplayName("a stream that is told that nothing has happened is asked for again")
  void refusedForNow() throws Exception {
    var full = TestService.refusal(Status.Code.RESOURCE_EXHAUSTED, "POOL_FULL", 1);
    Scripted runs = new Scripted(List.of(failAfter(full), endAfter(STARTED, FINISHED)));
    assertEquals(List.of(STARTED, FINISHED), streamed(runs));
  }

  @Test
  @DisplayName("a stream that is refused fails, each time it is asked")
  void refused() throws Exception {
    var refusal = TestService.refusal(Status.Code.NOT_FOUND, "RUN_NOT_FOUND", 0);
    try (TestService service = new TestService(new Scripted(List.of(failAfter(refusal))));
        var steps = service.client.watch(WatchRunRequest.getDefaultInstance())) {
      var error = assertThrows(CodeActionsException.class, steps::hasNext);
      assertEquals("RUN_NOT_FOUND", error.reason());
      assertSame(error, assertThrows(CodeActionsException.class, steps::next));
    }
  }

  @Test
  @DisplayName("a stream over which nothing comes for too long gives up")
  void tired() throws Exception {
    Scripted runs = new Scripted(List.of(cutAfter(STARTED)));
    try (TestService service = new TestService(runs, Duration.ofNanos(1));
        var steps = service.client.watch(WatchRunRequest.getDefaultInstance())) {
      assertEquals(STARTED, steps.next());
      var error = assertThrows(CodeActionsException.class, steps::hasNext);
      assertEquals(Status.Code.UNAVAILABLE, error.code());
    }
  }

  @Test
  @DisplayName("a connection that is silent for too long is hung up and taken up again")
  void silent() throws Exception {
    Scripted runs = new Scripted(List.of(stayAfter(STARTED, FIRST), endAfter(STARTED, FINISHED)));
    List<RunEvent> seen = new ArrayList<>();
    try (TestService service = new TestService(runs);
        Calls calls = service.calls();
        var steps =
            new Streams(calls, new Patience(Duration.ofMillis(50), Duration.ofMinutes(5)))
                .watch(WatchRunRequest.getDefaultInstance())) {
      steps.forEachRemaining(seen::add);
    }
    assertEquals(List.of(STARTED, FIRST, FINISHED), seen);
    runs.cancelled.await();
  }

  @Test
  @DisplayName("a stream that is closed ends, for its follower and for the service")
  void closed() throws Exception {
    Scripted runs = new Scripted(List.of(stayAfter(STARTED)));
    try (TestService service = new TestService(runs)) {
      var steps = service.client.watch(WatchRunRequest.getDefaultInstance());
      assertEquals(STARTED, steps.next());
      steps.close();
      assertFalse(steps.hasNext());
      runs.cancelled.await();
    }
  }

  @Test
  @DisplayName("a stream fails when its context is cancelled, also for the service")
  void cancelled() throws Exception {
    Scripted runs = new Scripted(List.of(stayAfter(STARTED)));
    try (TestService service = new TestService(runs);
        Context.CancellableContext context = Context.current().withCancellation();
        var steps = context.call(() -> service.client.watch(WatchRunRequest.getDefaultInstance()))) {
      assertEquals(STARTED, steps.next());
      context.cancel(null);
      assertEquals("CALL_CANCELLED", assertThrows(CodeActionsException.class, steps::hasNext).reason());
      runs.cancelled.await();
    }
  }

  @Test
  @DisplayName("a stream fails when its thread is interrupted, which stays interrupted")
  void interrupted() throws Exception {
    Scripted runs = new Scripted(List.of(stayAfter(STARTED)));
    try (TestService service = new TestService(runs);
        var steps = service.client.watch(WatchRunRequest.getDefaultInstance())) {
      assertEquals(STARTED, steps.next());
      Thread.currentThread().interrupt();
      assertEquals("CALL_CANCELLED", assertThrows(CodeActionsException.class, steps::hasNext).reason());
      assertTrue(Thread.interrupted());
      runs.cancelled.await();
    }
  }

  @Test
  @DisplayName("a stream fails when its client is closed")
  void clientClosed() throws Exception {
    Scripted runs = new Scripted(List.of(stayAfter(STARTED)));
    try (TestService service = new TestService(runs);
        var steps = service.client.watch(WatchRunRequest.getDefaultInstance())) {
      assertEquals(STARTED, steps.next());
      service.client.close();
      assertEquals("CALL_CANCELLED", assertThrows(CodeActionsException.class, steps::hasNext).reason());
    }
  }

  @Test
  @DisplayName("a watched pool begins anew with all of it when its connection breaks")
  void pool() throws Exception {
    WatchPoolRequest request = WatchPoolRequest.newBuilder().setProjectId("mine").build();
    WatchPoolResponse pool = WatchPoolResponse.newBuilder().setPool(Pool.newBuilder().setInFlight(1)).build();
    WatchPoolResponse change =
        WatchPoolResponse.newBuilder().setChange(PoolChange.getDefaultInstance()).build();
    WatchPoolResponse heartbeat =
        WatchPoolResponse.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance()).build();
    List<WatchPoolRequest> asked = new CopyOnWriteArrayList<>();
    var runs =
        new RunnerServiceGrpc.RunnerServiceImplBase() {
          @Override
          public void watchPool(WatchPoolRequest request, StreamObserver<WatchPoolResponse> observer) {
            asked.add(request);
            List.of(pool, heartbeat, change).forEach(observer::onNext);
            if (asked.size() == 1) observer.onError(TestService.broken());
          }
        };
    List<WatchPoolResponse> seen = new ArrayList<>();
    try (TestService service = new TestService(runs);
        var steps = service.client.watchPool(request)) {
      while (seen.size() < 4) seen.add(steps.next());
    }
    assertEquals(List.of(pool, change, pool, change), seen);
    assertEquals(List.of(request, request), asked);
  }

  private static List<RunEvent> streamed(Scripted runs) throws Exception {
    List<RunEvent> seen = new ArrayList<>();
    try (TestService service = new TestService(runs);
        var steps = service.client.runStream(RunCodeStreamRequest.getDefaultInstance())) {
      steps.forEachRemaining(seen::add);
    }
    return seen;
  }

  private static Consumer<StreamObserver<RunEvent>> cutAfter(RunEvent... events) {
    return failAfter(TestService.broken(), events);
  }

  private static Consumer<StreamObserver<RunEvent>> failAfter(RuntimeException failure, RunEvent... events) {
    return stayAfter(events).andThen(observer -> observer.onError(failure));
  }

  private static Consumer<StreamObserver<RunEvent>> endAfter(RunEvent... events) {
    return stayAfter(events).andThen(StreamObserver::onCompleted);
  }

  private static Consumer<StreamObserver<RunEvent>> stayAfter(RunEvent... events) {
    return observer -> List.of(events).forEach(observer::onNext);
  }

  private static WatchRunRequest watchAfter(String cursor) {
    return WatchRunRequest.newBuilder().setRunId("the run").setCursor(cursor).build();
  }

  private static RunEvent log(String cursor) {
    return event(cursor).setLog(LogBatch.newBuilder().addEntries(LogEntry.newBuilder().setText(cursor))).build();
  }

  private static RunEvent.Builder event(String cursor) {
    return RunEvent.newBuilder().setCursor(cursor);
  }
}
