package io.codeactions.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.codeactions.v1.CodeServiceGrpc;
import io.codeactions.v1.CreateCodeRequest;
import io.codeactions.v1.CreateScheduleRequest;
import io.codeactions.v1.GetCodeRequest;
import io.codeactions.v1.ReplayRunRequest;
import io.codeactions.v1.RunnerServiceGrpc;
import io.codeactions.v1.StartRunRequest;
import io.grpc.Status;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetriesTest {
  private static final CodeActionsException BROKEN = Failures.of(TestService.broken());

  @Test
  @DisplayName("reads and idempotent calls are repeated after a broken connection, others are not")
  void brokenConnections() {
    assertTrue(Retries.maySendAgain(BROKEN, Retries.isRepeatable(CodeServiceGrpc.getGetCodeMethod())));
    assertTrue(Retries.maySendAgain(BROKEN, Retries.isRepeatable(CodeServiceGrpc.getCreateCodeMethod())));
    assertFalse(Retries.maySendAgain(BROKEN, Retries.isRepeatable(CodeServiceGrpc.getUpdateCodeMethod())));
    assertFalse(Retries.maySendAgain(BROKEN, Retries.isRepeatable(RunnerServiceGrpc.getRunCodeMethod())));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POOL_FULL",
        "RATE_LIMITED",
        "LANGUAGE_PREPARING",
        "POOL_UNAVAILABLE",
        "SHUTTING_DOWN",
        "DATABASE_UNAVAILABLE"
      })
  @DisplayName("anything is repeated when the service says that nothing of it has happened")
  void nothingHappened(String reason) {
    var refused = Failures.of(TestService.refusal(Status.Code.UNAVAILABLE, reason, 0));
    assertTrue(Retries.maySendAgain(refused, false));
  }

  @Test
  @DisplayName("anything is repeated when it never left")
  void neverSent() {
    var cause = new ConnectException("Connection refused");
    assertTrue(Retries.maySendAgain(Failures.of(Status.UNAVAILABLE.withCause(cause).asRuntimeException()), false));
  }

  @Test
  @DisplayName("an outcome that nobody knows is not repeated")
  void unknownOutcome() {
    var unknown = Failures.of(TestService.refusal(Status.Code.UNAVAILABLE, "OUTCOME_UNKNOWN", 0));
    assertFalse(Retries.maySendAgain(unknown, false));
  }

  @Test
  @DisplayName("a quarantine is told at once, whatever was asked")
  void quarantine() {
    var refused = Failures.of(TestService.refusal(Status.Code.UNAVAILABLE, "CODE_QUARANTINED", 10));
    assertFalse(Retries.maySendAgain(refused, true));
  }

  @Test
  @DisplayName("what is queued, and what starts it, can be asked for again by an id of our own")
  void queued() {
    for (var method :
        List.of(
            RunnerServiceGrpc.getStartRunMethod(),
            RunnerServiceGrpc.getReplayRunMethod(),
            RunnerServiceGrpc.getCreateScheduleMethod())) {
      assertTrue(Retries.isRepeatable(method), method.getFullMethodName());
    }
    assertTrue(RequestIds.has(RequestIds.ensured(StartRunRequest.getDefaultInstance())));
    assertTrue(RequestIds.has(RequestIds.ensured(ReplayRunRequest.getDefaultInstance())));
    assertTrue(RequestIds.has(RequestIds.ensured(CreateScheduleRequest.getDefaultInstance())));
  }

  @Test
  @DisplayName("a refusal for good is not repeated")
  void refusal() {
    var refused = Failures.of(TestService.refusal(Status.Code.NOT_FOUND, "CODE_NOT_FOUND", 0));
    assertFalse(Retries.maySendAgain(refused, true));
  }

  @Test
  @DisplayName("pauses grow, differ, end at ten seconds, and are never shorter than the service asks for")
  void pauses() {
    assertEquals(Duration.ofMillis(100), Retries.delayAfter(1, Duration.ZERO, 0));
    assertEquals(Duration.ofMillis(200), Retries.delayAfter(2, Duration.ZERO, 0));
    assertEquals(Duration.ofMillis(6_400), Retries.delayAfter(7, Duration.ZERO, 0));
    assertEquals(Duration.ofSeconds(10), Retries.delayAfter(8, Duration.ZERO, 0));
    assertEquals(Duration.ofSeconds(10), Retries.delayAfter(1_000, Duration.ZERO, 0));
    assertEquals(Duration.ofMillis(50), Retries.delayAfter(1, Duration.ZERO, 1));
    assertEquals(Duration.ofSeconds(3), Retries.delayAfter(1, Duration.ofSeconds(3), 0));
  }

  @Test
  @DisplayName("messages that take a request id get one, and one of the caller's own is kept")
  void requestIds() {
    var given = RequestIds.ensured(CreateCodeRequest.getDefaultInstance());
    assertTrue(RequestIds.has(given));
    assertEquals(given, RequestIds.ensured(given));
    assertEquals(GetCodeRequest.getDefaultInstance(), RequestIds.ensured(GetCodeRequest.getDefaultInstance()));
  }
}
