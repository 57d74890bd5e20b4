package io.codeactions.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * LogService reads what runs wrote, as history and live.
 * An entry is visible once it is committed, a few milliseconds after it was written; nothing seen is ever taken back.
 * Order is promised within a run. Between runs, entries come in the order in which they were committed.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class LogServiceGrpc {

  private LogServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "codeactions.v1.LogService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ListLogEntriesRequest,
      io.codeactions.v1.ListLogEntriesResponse> getListLogEntriesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListLogEntries",
      requestType = io.codeactions.v1.ListLogEntriesRequest.class,
      responseType = io.codeactions.v1.ListLogEntriesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ListLogEntriesRequest,
      io.codeactions.v1.ListLogEntriesResponse> getListLogEntriesMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ListLogEntriesRequest, io.codeactions.v1.ListLogEntriesResponse> getListLogEntriesMethod;
    if ((getListLogEntriesMethod = LogServiceGrpc.getListLogEntriesMethod) == null) {
      synchronized (LogServiceGrpc.class) {
        if ((getListLogEntriesMethod = LogServiceGrpc.getListLogEntriesMethod) == null) {
          LogServiceGrpc.getListLogEntriesMethod = getListLogEntriesMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ListLogEntriesRequest, io.codeactions.v1.ListLogEntriesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListLogEntries"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListLogEntriesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListLogEntriesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LogServiceMethodDescriptorSupplier("ListLogEntries"))
              .build();
        }
      }
    }
    return getListLogEntriesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.TailLogsRequest,
      io.codeactions.v1.TailLogsResponse> getTailLogsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "TailLogs",
      requestType = io.codeactions.v1.TailLogsRequest.class,
      responseType = io.codeactions.v1.TailLogsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.TailLogsRequest,
      io.codeactions.v1.TailLogsResponse> getTailLogsMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.TailLogsRequest, io.codeactions.v1.TailLogsResponse> getTailLogsMethod;
    if ((getTailLogsMethod = LogServiceGrpc.getTailLogsMethod) == null) {
      synchronized (LogServiceGrpc.class) {
        if ((getTailLogsMethod = LogServiceGrpc.getTailLogsMethod) == null) {
          LogServiceGrpc.getTailLogsMethod = getTailLogsMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.TailLogsRequest, io.codeactions.v1.TailLogsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "TailLogs"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.TailLogsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.TailLogsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LogServiceMethodDescriptorSupplier("TailLogs"))
              .build();
        }
      }
    }
    return getTailLogsMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static LogServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LogServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LogServiceStub>() {
        @java.lang.Override
        public LogServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LogServiceStub(channel, callOptions);
        }
      };
    return LogServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static LogServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LogServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LogServiceBlockingV2Stub>() {
        @java.lang.Override
        public LogServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LogServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return LogServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static LogServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LogServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LogServiceBlockingStub>() {
        @java.lang.Override
        public LogServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LogServiceBlockingStub(channel, callOptions);
        }
      };
    return LogServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static LogServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LogServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LogServiceFutureStub>() {
        @java.lang.Override
        public LogServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LogServiceFutureStub(channel, callOptions);
        }
      };
    return LogServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * LogService reads what runs wrote, as history and live.
   * An entry is visible once it is committed, a few milliseconds after it was written; nothing seen is ever taken back.
   * Order is promised within a run. Between runs, entries come in the order in which they were committed.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * ListLogEntries reads a page of history.
     * </pre>
     */
    default void listLogEntries(io.codeactions.v1.ListLogEntriesRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListLogEntriesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListLogEntriesMethod(), responseObserver);
    }

    /**
     * <pre>
     * TailLogs follows a run, a code or a project. The first message comes at once; every message carries the cursor to
     * go on from. Following a run ends with the run; the others follow until the caller leaves.
     * </pre>
     */
    default void tailLogs(io.codeactions.v1.TailLogsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.TailLogsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getTailLogsMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service LogService.
   * <pre>
   * LogService reads what runs wrote, as history and live.
   * An entry is visible once it is committed, a few milliseconds after it was written; nothing seen is ever taken back.
   * Order is promised within a run. Between runs, entries come in the order in which they were committed.
   * </pre>
   */
  public static abstract class LogServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return LogServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service LogService.
   * <pre>
   * LogService reads what runs wrote, as history and live.
   * An entry is visible once it is committed, a few milliseconds after it was written; nothing seen is ever taken back.
   * Order is promised within a run. Between runs, entries come in the order in which they were committed.
   * </pre>
   */
  public static final class LogServiceStub
      extends io.grpc.stub.AbstractAsyncStub<LogServiceStub> {
    private LogServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LogServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LogServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * ListLogEntries reads a page of history.
     * </pre>
     */
    public void listLogEntries(io.codeactions.v1.ListLogEntriesRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListLogEntriesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListLogEntriesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * TailLogs follows a run, a code or a project. The first message comes at once; every message carries the cursor to
     * go on from. Following a run ends with the run; the others follow until the caller leaves.
     * </pre>
     */
    public void tailLogs(io.codeactions.v1.TailLogsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.TailLogsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getTailLogsMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service LogService.
   * <pre>
   * LogService reads what runs wrote, as history and live.
   * An entry is visible once it is committed, a few milliseconds after it was written; nothing seen is ever taken back.
   * Order is promised within a run. Between runs, entries come in the order in which they were committed.
   * </pre>
   */
  public static final class LogServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<LogServiceBlockingV2Stub> {
    private LogServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LogServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LogServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * ListLogEntries reads a page of history.
     * </pre>
     */
    public io.codeactions.v1.ListLogEntriesResponse listLogEntries(io.codeactions.v1.ListLogEntriesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListLogEntriesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * TailLogs follows a run, a code or a project. The first message comes at once; every message carries the cursor to
     * go on from. Following a run ends with the run; the others follow until the caller leaves.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, io.codeactions.v1.TailLogsResponse>
        tailLogs(io.codeactions.v1.TailLogsRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getTailLogsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service LogService.
   * <pre>
   * LogService reads what runs wrote, as history and live.
   * An entry is visible once it is committed, a few milliseconds after it was written; nothing seen is ever taken back.
   * Order is promised within a run. Between runs, entries come in the order in which they were committed.
   * </pre>
   */
  public static final class LogServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<LogServiceBlockingStub> {
    private LogServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LogServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LogServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * ListLogEntries reads a page of history.
     * </pre>
     */
    public io.codeactions.v1.ListLogEntriesResponse listLogEntries(io.codeactions.v1.ListLogEntriesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListLogEntriesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * TailLogs follows a run, a code or a project. The first message comes at once; every message carries the cursor to
     * go on from. Following a run ends with the run; the others follow until the caller leaves.
     * </pre>
     */
    public java.util.Iterator<io.codeactions.v1.TailLogsResponse> tailLogs(
        io.codeactions.v1.TailLogsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getTailLogsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service LogService.
   * <pre>
   * LogService reads what runs wrote, as history and live.
   * An entry is visible once it is committed, a few milliseconds after it was written; nothing seen is ever taken back.
   * Order is promised within a run. Between runs, entries come in the order in which they were committed.
   * </pre>
   */
  public static final class LogServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<LogServiceFutureStub> {
    private LogServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LogServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LogServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * ListLogEntries reads a page of history.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ListLogEntriesResponse> listLogEntries(
        io.codeactions.v1.ListLogEntriesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListLogEntriesMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_LOG_ENTRIES = 0;
  private static final int METHODID_TAIL_LOGS = 1;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_LIST_LOG_ENTRIES:
          serviceImpl.listLogEntries((io.codeactions.v1.ListLogEntriesRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ListLogEntriesResponse>) responseObserver);
          break;
        case METHODID_TAIL_LOGS:
          serviceImpl.tailLogs((io.codeactions.v1.TailLogsRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.TailLogsResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getListLogEntriesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ListLogEntriesRequest,
              io.codeactions.v1.ListLogEntriesResponse>(
                service, METHODID_LIST_LOG_ENTRIES)))
        .addMethod(
          getTailLogsMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              io.codeactions.v1.TailLogsRequest,
              io.codeactions.v1.TailLogsResponse>(
                service, METHODID_TAIL_LOGS)))
        .build();
  }

  private static abstract class LogServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    LogServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return io.codeactions.v1.LogServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("LogService");
    }
  }

  private static final class LogServiceFileDescriptorSupplier
      extends LogServiceBaseDescriptorSupplier {
    LogServiceFileDescriptorSupplier() {}
  }

  private static final class LogServiceMethodDescriptorSupplier
      extends LogServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    LogServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (LogServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new LogServiceFileDescriptorSupplier())
              .addMethod(getListLogEntriesMethod())
              .addMethod(getTailLogsMethod())
              .build();
        }
      }
    }
    return result;
  }
}
