package io.codeactions.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.InvalidProtocolBufferException;
import io.codeactions.client.CodeActionsException.FieldProblem;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FailuresTest {
  @Test
  @DisplayName("a refusal shows its reason, metadata, fields and when to come back")
  void refusal() {
    var error = Failures.of(TestService.refusal(Status.Code.INVALID_ARGUMENT, "SOURCE_INVALID", 1500));
    assertEquals(Status.Code.INVALID_ARGUMENT, error.code());
    assertEquals("SOURCE_INVALID", error.reason());
    assertEquals("as the service says it", error.getMessage());
    assertEquals(Map.of("line", "2"), error.metadata());
    assertEquals(List.of(new FieldProblem("source", "does not parse")), error.fields());
    assertEquals(Duration.ofMillis(1500), error.retryAfter());
  }

  @Test
  @DisplayName("a reason that a newer service has is kept as text")
  void newerReason() {
    assertEquals("MOON_IS_FULL", Failures.of(TestService.refusal(Status.Code.INTERNAL, "MOON_IS_FULL", 0)).reason());
  }

  @Test
  @DisplayName("an internal error of the service is not taken for a broken connection")
  void internal() {
    assertEquals(
        Status.Code.INTERNAL, Failures.of(TestService.refusal(Status.Code.INTERNAL, "INTERNAL", 0)).code());
  }

  @ParameterizedTest
  @EnumSource(names = {"UNAVAILABLE", "INTERNAL", "UNKNOWN", "ABORTED", "DATA_LOSS", "CANCELLED"})
  @DisplayName("a connection that breaks is UNAVAILABLE, whatever code gRPC has for it")
  void broken(Status.Code code) {
    var error = Failures.of(code.toStatus().withDescription("Connection closed").asRuntimeException());
    assertEquals(Status.Code.UNAVAILABLE, error.code());
    assertEquals("", error.reason());
  }

  @Test
  @DisplayName("an answer that cannot be read is not taken for a broken connection")
  void unreadable() {
    var cause = new InvalidProtocolBufferException("a tag that is none");
    assertEquals(Status.Code.INTERNAL, Failures.of(Status.CANCELLED.withCause(cause).asRuntimeException()).code());
  }

  @Test
  @DisplayName("details that cannot be read count as not there")
  void malformedDetails() {
    Metadata trailers = new Metadata();
    trailers.put(
        Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {1, 2, 3});
    var error = Failures.of(new StatusRuntimeException(Status.NOT_FOUND, trailers));
    assertEquals(Status.Code.NOT_FOUND, error.code());
    assertEquals("", error.reason());
  }

  @Test
  @DisplayName("a deadline that passed has its reason, whoever noticed")
  void deadline() {
    assertEquals("DEADLINE_EXCEEDED", Failures.of(Status.DEADLINE_EXCEEDED.asRuntimeException()).reason());
  }
}
