package io.codeactions.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.codeactions.client.CodeActionsException.FieldProblem;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Turns what gRPC says into the one error that callers see. */
final class Failures {
  private static final String DOMAIN = "codeactions";

  /** Codes that a broken connection can come as. The service itself never answers with them and without a reason. */
  private static final Set<Status.Code> BROKEN =
      EnumSet.of(
          Status.Code.UNAVAILABLE,
          Status.Code.INTERNAL,
          Status.Code.UNKNOWN,
          Status.Code.ABORTED,
          Status.Code.DATA_LOSS,
          Status.Code.CANCELLED);

  private Failures() {}

  static CodeActionsException of(StatusRuntimeException thrown) {
    Status status = thrown.getStatus();
    String message = status.getDescription() == null ? status.getCode().name() : status.getDescription();
    List<Any> details = detailsOf(thrown);
    return all(details, ErrorInfo.class)
        .filter(info -> info.getDomain().equals(DOMAIN))
        .findFirst()
        .map(info -> refusal(status.getCode(), message, thrown, info, details))
        .orElseGet(() -> withoutReason(status.getCode(), message, thrown));
  }

  /** Whether there was not even a connection to send anything over. */
  static boolean wasNeverSent(CodeActionsException error) {
    return causes(error)
        .anyMatch(
            cause ->
                cause instanceof ConnectException
                    || cause instanceof NoRouteToHostException
                    || cause instanceof UnknownHostException);
  }

  static boolean wasInterrupted(StatusRuntimeException thrown) {
    return causes(thrown).anyMatch(InterruptedException.class::isInstance);
  }

  private static CodeActionsException refusal(
      Status.Code code, String message, Throwable cause, ErrorInfo info, List<Any> details) {
    List<FieldProblem> fields =
        all(details, BadRequest.class)
            .flatMap(request -> request.getFieldViolationsList().stream())
            .map(violation -> new FieldProblem(violation.getField(), violation.getDescription()))
            .toList();
    Duration retryAfter =
        all(details, RetryInfo.class)
            .map(RetryInfo::getRetryDelay)
            .map(delay -> Duration.ofSeconds(delay.getSeconds(), delay.getNanos()))
            .findFirst()
            .orElse(Duration.ZERO);
    return new CodeActionsException(
        code, info.getReason(), message, cause, info.getMetadataMap(), fields, retryAfter);
  }

  private static CodeActionsException withoutReason(Status.Code code, String message, Throwable cause) {
    if (code == Status.Code.DEADLINE_EXCEEDED) {
      return new CodeActionsException(code, CodeActionsException.DEADLINE_EXCEEDED, message, cause);
    }
    if (causes(cause).anyMatch(InvalidProtocolBufferException.class::isInstance)) {
      return new CodeActionsException(Status.Code.INTERNAL, "", "the answer cannot be read: " + message, cause);
    }
    if (!BROKEN.contains(code)) return new CodeActionsException(code, "", message, cause);
    String broken = "the connection to the service broke, or was never made: " + message;
    return new CodeActionsException(Status.Code.UNAVAILABLE, "", broken, cause);
  }

  /** What cannot be read counts as not there. */
  private static List<Any> detailsOf(StatusRuntimeException thrown) {
    try {
      com.google.rpc.Status told = StatusProto.fromThrowable(thrown);
      return told == null ? List.of() : told.getDetailsList();
    } catch (RuntimeException e) {
      return List.of();
    }
  }

  private static <T extends Message> Stream<T> all(List<Any> details, Class<T> type) {
    return details.stream()
        .filter(detail -> detail.is(type))
        .flatMap(
            detail -> {
              try {
                return Stream.of(detail.unpack(type));
              } catch (InvalidProtocolBufferException e) {
                return Stream.empty();
              }
            });
  }

  private static Stream<Throwable> causes(Throwable thrown) {
    return Stream.iterate(thrown, cause -> cause != null, Throwable::getCause);
  }
}
