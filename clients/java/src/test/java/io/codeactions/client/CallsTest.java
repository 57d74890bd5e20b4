package io.codeactions.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Message;
import io.codeactions.v1.CodeServiceGrpc;
import io.codeactions.v1.CreateCodeRequest;
import io.codeactions.v1.CreateCodeResponse;
import io.codeactions.v1.GetCodeRequest;
import io.codeactions.v1.GetCodeResponse;
import io.codeactions.v1.RunCodeRequest;
import io.codeactions.v1.RunCodeResponse;
import io.codeactions.v1.RunnerServiceGrpc;
import io.codeactions.v1.UpdateCodeRequest;
import io.codeactions.v1.UpdateCodeResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class CallsTest {
  /** Fails so many times in its way before it answers, and remembers what it was asked. */
  private static final class Codes extends CodeServiceGrpc.CodeServiceImplBase {
    final List<Message> asked = new CopyOnWriteArrayList<>();
    final List<String> authorizations = new CopyOnWriteArrayList<>();
    private final RuntimeException failure;
    private final int failures;

    Codes(RuntimeException failure, int failures) {
      this.failure = failure;
      this.failures = failures;
    }

    @Override
    public void getCode(GetCodeRequest request, StreamObserver<GetCodeResponse> observer) {
      answer(request, GetCodeResponse.getDefaultInstance(), observer);
    }

    @Override
    public void createCode(CreateCodeRequest request, StreamObserver<CreateCodeResponse> observer) {
      answer(request, CreateCodeResponse.getDefaultInstance(), observer);
    }

    @Override
    public void updateCode(UpdateCodeRequest request, StreamObserver<UpdateCodeResponse> observer) {
      answer(request, UpdateCodeResponse.getDefaultInstance(), observer);
    }

    private <A> void answer(Message request, A answer, StreamObserver<A> observer) {
      authorizations.add(TestService.AUTHORIZATION.get());
      asked.add(request);
      if (asked.size() <= failures) {
        observer.onError(failure);
        return;
      }
      observer.onNext(answer);
      observer.onCompleted();
    }
  }

  /** Takes calls, and answers none. */
  private static final class Silent extends RunnerServiceGrpc.RunnerServiceImplBase {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch cancelled = new CountDownLatch(1);

    @Override
    public void runCode(RunCodeRequest request, StreamObserver<RunCodeResponse> observer) {
      Context.current().addListener(context -> cancelled.countDown(), Runnable::run);
      begun.countDown();
    }
  }

  private static final RunCodeRequest RUN = RunCodeRequest.getDefaultInstance();

  @Test
  @DisplayName("every call shows the token")
  void token() throws Exception {
    Codes codes = new Codes(TestService.broken(), 0);
    try (TestService service = new TestService(codes)) {
      service.client.codes().getCode(GetCodeRequest.getDefaultInstance());
    }
    assertEquals(List.of("Bearer a-token"), codes.authorizations);
  }

  @Test
  @DisplayName("a reading call survives broken connections")
  void repeated() throws Exception {
    Codes codes = new Codes(TestService.broken(), 2);
    try (TestService service = new TestService(codes)) {
      service.client.codes().getCode(GetCodeRequest.getDefaultInstance());
    }
    assertEquals(3, codes.asked.size());
  }

  @Test
  @DisplayName("a call is sent five times at most")
  void fiveTimes() throws Exception {
    Codes codes = new Codes(TestService.broken(), Integer.MAX_VALUE);
    try (TestService service = new TestService(codes)) {
      var error =
          assertThrows(
              CodeActionsException.class,
              () -> service.client.codes().getCode(GetCodeRequest.getDefaultInstance()));
      assertEquals(Status.Code.UNAVAILABLE, error.code());
    }
    assertEquals(5, codes.asked.size());
  }

  @Test
  @DisplayName("a creating call gets a request id, the same each time it is sent, and a new one for each call")
  void requestIds() throws Exception {
    Codes codes = new Codes(TestService.broken(), 1);
    try (TestService service = new TestService(codes)) {
      service.client.codes().createCode(CreateCodeRequest.getDefaultInstance());
      service.client.codes().createCode(CreateCodeRequest.getDefaultInstance());
    }
    List<String> ids = codes.asked.stream().map(asked -> ((CreateCodeRequest) asked).getRequestId()).toList();
    assertEquals(3, ids.size());
    assertEquals(UUID.fromString(ids.get(0)), UUID.fromString(ids.get(1)));
    assertNotEquals(ids.get(1), ids.get(2));
  }

  @Test
  @DisplayName("a call that could do something twice is sent once")
  void notRepeated() throws Exception {
    Codes codes = new Codes(TestService.broken(), 1);
    try (TestService service = new TestService(codes)) {
      assertThrows(
          CodeActionsException.class,
          () -> service.client.codes().updateCode(UpdateCodeRequest.getDefaultInstance()));
    }
    assertEquals(1, codes.asked.size());
  }

  @Test
  @DisplayName("such a call is sent again when the service says that nothing has happened")
  void nothingHappened() throws Exception {
    Codes codes = new Codes(TestService.refusal(Status.Code.RESOURCE_EXHAUSTED, "POOL_FULL", 1), 1);
    try (TestService service = new TestService(codes)) {
      service.client.codes().updateCode(UpdateCodeRequest.getDefaultInstance());
    }
    assertEquals(2, codes.asked.size());
  }

  @Test
  @DisplayName("a call is not sent again when its deadline would pass meanwhile")
  void late() throws Exception {
    Codes codes = new Codes(TestService.refusal(Status.Code.UNAVAILABLE, "LANGUAGE_PREPARING", 60_000), 1);
    try (TestService service = new TestService(codes)) {
      var error =
          assertThrows(
              CodeActionsException.class,
              () -> service.client.codes().getCode(GetCodeRequest.getDefaultInstance()));
      assertEquals("LANGUAGE_PREPARING", error.reason());
    }
    assertEquals(1, codes.asked.size());
  }

  @Test
  @DisplayName("a call without an answer ends at its deadline, also for the service")
  void deadline() throws Exception {
    Silent silent = new Silent();
    try (TestService service = new TestService(silent)) {
      RunnerService runs = service.client.runs().withTimeout(Duration.ofMillis(50));
      var error = assertThrows(CodeActionsException.class, () -> runs.runCode(RUN));
      assertEquals("DEADLINE_EXCEEDED", error.reason());
      silent.cancelled.await();
    }
  }

  @Test
  @DisplayName("a call ends when its context is cancelled")
  void cancelledContext() throws Exception {
    Silent silent = new Silent();
    try (TestService service = new TestService(silent);
        Context.CancellableContext context = Context.current().withCancellation()) {
      FutureTask<Object> call = begin(() -> context.call(() -> service.client.run(RUN)));
      silent.begun.await();
      context.cancel(null);
      assertEquals("CALL_CANCELLED", reasonOf(call));
      silent.cancelled.await();
    }
  }

  @Test
  @DisplayName("a call ends at the deadline of its context, if that is earlier")
  void deadlineOfContext() throws Exception {
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try (TestService service = new TestService(new Silent());
        Context.CancellableContext context =
            Context.current().withDeadlineAfter(50, TimeUnit.MILLISECONDS, clock)) {
      FutureTask<Object> call = begin(() -> context.call(() -> service.client.run(RUN)));
      assertEquals("DEADLINE_EXCEEDED", reasonOf(call));
    } finally {
      clock.shutdownNow();
    }
  }

  @Test
  @DisplayName("a call ends when its thread is interrupted, which stays interrupted")
  void interrupted() throws Exception {
    Silent silent = new Silent();
    try (TestService service = new TestService(silent)) {
      FutureTask<Object> call =
          new FutureTask<>(
              () -> {
                try {
                  return service.client.run(RUN);
                } finally {
                  assertTrue(Thread.interrupted());
                }
              });
      Thread thread = new Thread(call);
      thread.start();
      silent.begun.await();
      thread.interrupt();
      assertEquals("CALL_CANCELLED", reasonOf(call));
      silent.cancelled.await();
    }
  }

  @Test
  @DisplayName("a pause between two attempts ends with the client, and calls after that fail at once")
  void closed() throws Exception {
    CountDownLatch refused = new CountDownLatch(1);
    var silent =
        new RunnerServiceGrpc.RunnerServiceImplBase() {
          @Override
          public void runCode(RunCodeRequest request, StreamObserver<RunCodeResponse> observer) {
            observer.onError(TestService.refusal(Status.Code.RESOURCE_EXHAUSTED, "POOL_FULL", 600_000));
            refused.countDown();
          }
        };
    try (TestService service = new TestService(silent)) {
      FutureTask<Object> call = begin(() -> service.client.run(RUN));
      refused.await();
      service.client.close();
      assertEquals("CALL_CANCELLED", reasonOf(call));
      var error = assertThrows(CodeActionsException.class, () -> service.client.run(RUN));
      assertEquals("CALL_CANCELLED", error.reason());
    }
  }

  @Test
  @DisplayName("a time-out of nothing is refused")
  void noTime() {
    assertThrows(IllegalArgumentException.class, () -> CodeActions.builder().timeout(Duration.ZERO));
  }

  @Test
  @DisplayName("an address that makes no sense is refused")
  void address() {
    for (String address : List.of("127.0.0.1:8050", "ftp://host", "http:///", "http://host/path")) {
      assertThrows(IllegalArgumentException.class, () -> CodeActions.builder().address(address).build(), address);
    }
  }

  private static FutureTask<Object> begin(Callable<Object> work) {
    FutureTask<Object> task = new FutureTask<>(work);
    new Thread(task).start();
    return task;
  }

  private static String reasonOf(FutureTask<Object> call) {
    var failed = assertThrows(ExecutionException.class, call::get);
    return ((CodeActionsException) failed.getCause()).reason();
  }
}
