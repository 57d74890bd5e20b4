package io.codeactions.client;

import io.grpc.Status;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Every call that does not succeed throws one of these. Branch on {@link #reason}, or on {@link #code}; never on the
 * text. Its cause is what gRPC said.
 */
public final class CodeActionsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What {@link #reason} says of a call that was given up by its caller. */
  static final String CALL_CANCELLED = "CALL_CANCELLED";

  /** What {@link #reason} says of a call that ran out of time. */
  static final String DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED";

  private final Status.Code code;
  private final String reason;
  private final Map<String, String> metadata;
  private final List<FieldProblem> fields;
  private final Duration retryAfter;

  CodeActionsException(Status.Code code, String reason, String message, Throwable cause) {
    this(code, reason, message, cause, Map.of(), List.of(), Duration.ZERO);
  }

  CodeActionsException(
      Status.Code code,
      String reason,
      String message,
      Throwable cause,
      Map<String, String> metadata,
      List<FieldProblem> fields,
      Duration retryAfter) {
    super(message, cause);
    this.code = code;
    this.reason = reason;
    this.metadata = Map.copyOf(metadata);
    this.fields = List.copyOf(fields);
    this.retryAfter = retryAfter;
  }

  /**
   * The code of gRPC. A connection that broke, or was never made, is {@code UNAVAILABLE}.
   *
   * @return the code, never {@code OK}
   */
  public Status.Code code() {
    return code;
  }

  /**
   * Why the service refused: a name of the contract's {@link io.codeactions.v1.ErrorReason} without its prefix, or one
   * that a newer service added. {@code DEADLINE_EXCEEDED} and {@code CALL_CANCELLED} also when this side noticed first.
   *
   * @return the reason; empty when what failed is the way to the service
   */
  public String reason() {
    return reason;
  }

  /**
   * What the reason comes with, as {@code line} with the value {@code 2}.
   *
   * @return names and values; unmodifiable
   */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * The fields that break their rules.
   *
   * @return the fields in the order of the service; unmodifiable
   */
  public List<FieldProblem> fields() {
    return fields;
  }

  /**
   * How long the service wants to be left alone.
   *
   * @return the time; zero when it does not say
   */
  public Duration retryAfter() {
    return retryAfter;
  }

  /** For people and logs: the reason, or the code without one, and the text. */
  @Override
  public String toString() {
    return getClass().getName() + ": " + (reason.isEmpty() ? code : reason) + ": " + getMessage();
  }

  /**
   * A field that breaks its rule.
   *
   * @param field which one, as {@code input.body}
   * @param description what is wrong with it, and what is accepted
   */
  public record FieldProblem(String field, String description) implements Serializable {}
}
