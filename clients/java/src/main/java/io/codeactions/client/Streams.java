package io.codeactions.client;

import io.codeactions.client.Followed.Patience;
import io.codeactions.client.Followed.Plan;
import io.codeactions.v1.LogEvent;
import io.codeactions.v1.LogServiceGrpc;
import io.codeactions.v1.RunCodeStreamRequest;
import io.codeactions.v1.RunCodeStreamResponse;
import io.codeactions.v1.RunEvent;
import io.codeactions.v1.RunSourceRequest;
import io.codeactions.v1.RunSourceResponse;
import io.codeactions.v1.RunnerServiceGrpc;
import io.codeactions.v1.TailLogsRequest;
import io.codeactions.v1.TailLogsResponse;
import io.codeactions.v1.WatchPoolRequest;
import io.codeactions.v1.WatchPoolResponse;
import io.codeactions.v1.WatchRunRequest;
import io.codeactions.v1.WatchRunResponse;
import io.grpc.MethodDescriptor;
import java.util.function.Function;

/** The streams of the contract, as what can be followed. */
final class Streams {
  private final Calls calls;
  private final Patience patience;

  Streams(Calls calls, Patience patience) {
    this.calls = calls;
    this.patience = patience;
  }

  Followed<RunEvent> run(RunCodeStreamRequest request) {
    // A streamed run goes on without its caller anyway, so that an id of our own changes nothing but makes it safe to ask
    // again when even the first event was lost.
    RunCodeStreamRequest repeatable = RequestIds.ensured(request);
    var method = RunnerServiceGrpc.getRunCodeStreamMethod();
    return follow(new RunPlan<>(method, repeatable, RunCodeStreamResponse::getEvent, ""));
  }

  Followed<RunEvent> runSource(RunSourceRequest request) {
    RunSourceRequest repeatable = RequestIds.ensured(request);
    var method = RunnerServiceGrpc.getRunSourceMethod();
    return follow(new RunPlan<>(method, repeatable, RunSourceResponse::getEvent, ""));
  }

  Followed<RunEvent> watch(WatchRunRequest request) {
    var method = RunnerServiceGrpc.getWatchRunMethod();
    return follow(new RunPlan<>(method, request, WatchRunResponse::getEvent, request.getRunId()));
  }

  Followed<LogEvent> tail(TailLogsRequest request) {
    return follow(new TailPlan(request));
  }

  Followed<WatchPoolResponse> watchPool(WatchPoolRequest request) {
    return follow(new PoolPlan(request));
  }

  private <E> Followed<E> follow(Plan<E> plan) {
    return new Followed<>(calls.begin(), plan, patience);
  }

  private <Q, A, E> Reception<E> open(MethodDescriptor<Q, A> method, Q request, Function<A, E> eventOf) {
    return Reception.open(calls.connection(), method, request, eventOf);
  }

  /** A run that begins with any of the methods, and goes on as a watched one. */
  private final class RunPlan<Q, A> implements Plan<RunEvent> {
    private final MethodDescriptor<Q, A> method;
    private final Q request;
    private final Function<A, RunEvent> eventOf;
    private String runId;

    /** The run's id is empty when only its start, which is the first event, will tell it. */
    RunPlan(MethodDescriptor<Q, A> method, Q request, Function<A, RunEvent> eventOf, String runId) {
      this.method = method;
      this.request = request;
      this.eventOf = eventOf;
      this.runId = runId;
    }

    @Override
    public Reception<RunEvent> open(RunEvent last) {
      if (last == null) return Streams.this.open(method, request, answer -> noted(eventOf.apply(answer)));
      var next = WatchRunRequest.newBuilder().setRunId(runId).setCursor(last.getCursor()).build();
      return Streams.this.open(RunnerServiceGrpc.getWatchRunMethod(), next, WatchRunResponse::getEvent);
    }

    private RunEvent noted(RunEvent event) {
      if (event.hasStarted()) runId = event.getStarted().getId();
      return event;
    }

    @Override
    public boolean isStart(RunEvent event) {
      return event.hasStarted();
    }

    @Override
    public boolean isHeartbeat(RunEvent event) {
      return event.hasHeartbeat();
    }

    @Override
    public boolean isEnd(RunEvent event) {
      return event.hasFinished();
    }
  }

  private final class TailPlan implements Plan<LogEvent> {
    private final TailLogsRequest request;

    TailPlan(TailLogsRequest request) {
      this.request = request;
    }

    @Override
    public Reception<LogEvent> open(LogEvent last) {
      TailLogsRequest next = last == null ? request : request.toBuilder().setCursor(last.getCursor()).build();
      return Streams.this.open(LogServiceGrpc.getTailLogsMethod(), next, TailLogsResponse::getEvent);
    }

    @Override
    public boolean isStart(LogEvent event) {
      return event.hasStarted();
    }

    @Override
    public boolean isHeartbeat(LogEvent event) {
      return event.hasHeartbeat();
    }

    @Override
    public boolean isEnd(LogEvent event) {
      return event.hasEnded();
    }
  }

  /** It has no cursor: each connection begins anew. */
  private final class PoolPlan implements Plan<WatchPoolResponse> {
    private final WatchPoolRequest request;

    PoolPlan(WatchPoolRequest request) {
      this.request = request;
    }

    @Override
    public Reception<WatchPoolResponse> open(WatchPoolResponse last) {
      return Streams.this.open(RunnerServiceGrpc.getWatchPoolMethod(), request, Function.identity());
    }

    @Override
    public boolean isStart(WatchPoolResponse event) {
      return false;
    }

    @Override
    public boolean isHeartbeat(WatchPoolResponse event) {
      return event.hasHeartbeat();
    }

    @Override
    public boolean isEnd(WatchPoolResponse event) {
      return false;
    }
  }
}
