package io.codeactions.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/** One connection's part of a followed stream: its events, one by one, for one thread. */
final class Reception<E> {
  /** Items are asked for one at a time, so that it holds one and the end at most. */
  private final BlockingQueue<Supplier<E>> arrived = new LinkedBlockingQueue<>();

  private final ClientCall<?, ?> call;

  private Reception(ClientCall<?, ?> call) {
    this.call = call;
  }

  /** Makes the call. What it answers with is turned into events. */
  static <Q, A, E> Reception<E> open(Channel over, MethodDescriptor<Q, A> method, Q request, Function<A, E> eventOf) {
    ClientCall<Q, A> call = over.newCall(method, CallOptions.DEFAULT);
    Reception<E> reception = new Reception<>(call);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(A answer) {
            reception.arrived.add(() -> eventOf.apply(answer));
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            Status end =
                status.isOk()
                    ? Status.UNAVAILABLE.withDescription("the stream ended before its last event")
                    : status;
            reception.arrived.add(
                () -> {
                  throw end.asRuntimeException(trailers);
                });
          }
        },
        new Metadata());
    call.sendMessage(request);
    call.halfClose();
    return reception;
  }

  /** Waits for the next event; throws a StatusRuntimeException when there is none, or none came for too long. */
  E next(Duration silenceMax) {
    call.request(1);
    Supplier<E> next;
    try {
      next = arrived.poll(silenceMax.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED.withDescription("the thread was interrupted").withCause(e).asRuntimeException();
    }
    if (next != null) return next.get();
    throw Status.UNAVAILABLE
        .withDescription("nothing was heard from the service for " + silenceMax.toSeconds() + " seconds")
        .asRuntimeException();
  }

  /** Ends the call. */
  void hangUp() {
    call.cancel("its follower wants no more", null);
  }
}
