package io.codeactions.client;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.util.UUID;

/** A service within the test's own process, and a client of it. */
final class TestService implements AutoCloseable {
  /** What the call that is being answered showed as its authorization. */
  static final Context.Key<String> AUTHORIZATION = Context.key("authorization");

  final CodeActions client;
  private final String name = UUID.randomUUID().toString();
  private final Server server;

  TestService(BindableService service) throws IOException {
    this(service, java.time.Duration.ofMinutes(5));
  }

  TestService(BindableService service, java.time.Duration giveUpAfter) throws IOException {
    server = InProcessServerBuilder.forName(name).intercept(new Noting()).addService(service).build().start();
    client =
        CodeActions.builder()
            .channel(InProcessChannelBuilder.forName(name))
            .token("a-token")
            .giveUpAfter(giveUpAfter)
            .build();
  }

  /** The calls of a further client. */
  Calls calls() {
    java.time.Duration timeout = java.time.Duration.ofSeconds(30);
    return new Calls(InProcessChannelBuilder.forName(name).build(), timeout, timeout);
  }

  @Override
  public void close() {
    client.close();
    server.shutdownNow();
  }

  /** What a connection that breaks looks like. */
  static StatusRuntimeException broken() {
    return Status.UNAVAILABLE.withDescription("Connection reset by peer").asRuntimeException();
  }

  /** A refusal with all its details. */
  static StatusRuntimeException refusal(Status.Code code, String reason, int retryAfterMs) {
    ErrorInfo info =
        ErrorInfo.newBuilder().setDomain("codeactions").setReason(reason).putMetadata("line", "2").build();
    BadRequest fields =
        BadRequest.newBuilder()
            .addFieldViolations(
                BadRequest.FieldViolation.newBuilder().setField("source").setDescription("does not parse"))
            .build();
    RetryInfo retry =
        RetryInfo.newBuilder()
            .setRetryDelay(
                Duration.newBuilder().setSeconds(retryAfterMs / 1000).setNanos(retryAfterMs % 1000 * 1_000_000))
            .build();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.value())
            .setMessage("as the service says it")
            .addDetails(Any.newBuilder().setTypeUrl("type.googleapis.com/of.somebody.Else").build())
            .addDetails(Any.pack(info))
            .addDetails(Any.pack(fields))
            .addDetails(Any.pack(retry))
            .build());
  }

  private static final class Noting implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      String shown = headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER));
      return Contexts.interceptCall(Context.current().withValue(AUTHORIZATION, shown), call, headers, next);
    }
  }
}
