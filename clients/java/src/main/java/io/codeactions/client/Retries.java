package io.codeactions.client;

import com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.time.Duration;
import java.util.Set;

/** When a call may be sent again, and after how long. */
final class Retries {
  /** How often a call is sent at most, the first time included. */
  static final int ATTEMPTS_MAX = 5;

  private static final long FIRST_DELAY_MS = 100;
  private static final long LAST_DELAY_MS = 10_000;

  /** Refusals that say that nothing of the call has happened. */
  private static final Set<String> NOTHING_HAPPENED =
      Set.of(
          "POOL_FULL",
          "RATE_LIMITED",
          "LANGUAGE_PREPARING",
          "POOL_UNAVAILABLE",
          "SHUTTING_DOWN",
          "DATABASE_UNAVAILABLE");

  private Retries() {}

  /** Whether the service is known to have done nothing, whatever was asked. */
  static boolean didNothing(CodeActionsException error) {
    if (!error.reason().isEmpty()) return NOTHING_HAPPENED.contains(error.reason());
    return error.code() == Status.Code.UNAVAILABLE && Failures.wasNeverSent(error);
  }

  /** Whether a call cannot do anything twice if it is sent again after this error. */
  static boolean maySendAgain(CodeActionsException error, boolean isRepeatable) {
    return didNothing(error) || (isRepeatable && mayPass(error));
  }

  /**
   * Whether an error may be gone a moment later, as a broken connection is. A quarantine is not: it lasts, and the caller
   * is to know of it at once.
   */
  static boolean mayPass(CodeActionsException error) {
    return error.code() == Status.Code.UNAVAILABLE && !error.reason().equals("CODE_QUARANTINED");
  }

  /** Whether the contract says that the method can be called twice as well as once. */
  static boolean isRepeatable(MethodDescriptor<?, ?> method) {
    return method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema
        && schema.getMethodDescriptor().getOptions().getIdempotencyLevel() != IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
  }

  /**
   * How long to wait after so many failures in a row: twice as long each time, up to 10 s, less up to half of it by
   * chance (0 to 1), so that callers who failed together do not come back together. Never less than the service asks for.
   */
  static Duration delayAfter(int failures, Duration retryAfter, double chance) {
    long longestMs = failures < 8 ? Math.min(FIRST_DELAY_MS << (failures - 1), LAST_DELAY_MS) : LAST_DELAY_MS;
    Duration delay = Duration.ofMillis(Math.round(longestMs * (1 - chance / 2)));
    return delay.compareTo(retryAfter) < 0 ? retryAfter : delay;
  }
}
