package io.codeactions.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * RunnerService runs codes and follows runs.
 * A run belongs to the service, not to its caller: once it is accepted it has a record, and it ends in exactly one
 * final status whatever happens to the caller, the worker or the process. A code that fails is an answer (a run whose
 * status says so), not an error of the call; the call fails only when the run was refused or its outcome is unknown.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class RunnerServiceGrpc {

  private RunnerServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "codeactions.v1.RunnerService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.RunCodeRequest,
      io.codeactions.v1.RunCodeResponse> getRunCodeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RunCode",
      requestType = io.codeactions.v1.RunCodeRequest.class,
      responseType = io.codeactions.v1.RunCodeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.RunCodeRequest,
      io.codeactions.v1.RunCodeResponse> getRunCodeMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.RunCodeRequest, io.codeactions.v1.RunCodeResponse> getRunCodeMethod;
    if ((getRunCodeMethod = RunnerServiceGrpc.getRunCodeMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getRunCodeMethod = RunnerServiceGrpc.getRunCodeMethod) == null) {
          RunnerServiceGrpc.getRunCodeMethod = getRunCodeMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.RunCodeRequest, io.codeactions.v1.RunCodeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RunCode"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.RunCodeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.RunCodeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("RunCode"))
              .build();
        }
      }
    }
    return getRunCodeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.RunCodeStreamRequest,
      io.codeactions.v1.RunCodeStreamResponse> getRunCodeStreamMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RunCodeStream",
      requestType = io.codeactions.v1.RunCodeStreamRequest.class,
      responseType = io.codeactions.v1.RunCodeStreamResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.RunCodeStreamRequest,
      io.codeactions.v1.RunCodeStreamResponse> getRunCodeStreamMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.RunCodeStreamRequest, io.codeactions.v1.RunCodeStreamResponse> getRunCodeStreamMethod;
    if ((getRunCodeStreamMethod = RunnerServiceGrpc.getRunCodeStreamMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getRunCodeStreamMethod = RunnerServiceGrpc.getRunCodeStreamMethod) == null) {
          RunnerServiceGrpc.getRunCodeStreamMethod = getRunCodeStreamMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.RunCodeStreamRequest, io.codeactions.v1.RunCodeStreamResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RunCodeStream"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.RunCodeStreamRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.RunCodeStreamResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("RunCodeStream"))
              .build();
        }
      }
    }
    return getRunCodeStreamMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.RunSourceRequest,
      io.codeactions.v1.RunSourceResponse> getRunSourceMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RunSource",
      requestType = io.codeactions.v1.RunSourceRequest.class,
      responseType = io.codeactions.v1.RunSourceResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.RunSourceRequest,
      io.codeactions.v1.RunSourceResponse> getRunSourceMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.RunSourceRequest, io.codeactions.v1.RunSourceResponse> getRunSourceMethod;
    if ((getRunSourceMethod = RunnerServiceGrpc.getRunSourceMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getRunSourceMethod = RunnerServiceGrpc.getRunSourceMethod) == null) {
          RunnerServiceGrpc.getRunSourceMethod = getRunSourceMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.RunSourceRequest, io.codeactions.v1.RunSourceResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RunSource"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.RunSourceRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.RunSourceResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("RunSource"))
              .build();
        }
      }
    }
    return getRunSourceMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.StartRunRequest,
      io.codeactions.v1.StartRunResponse> getStartRunMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "StartRun",
      requestType = io.codeactions.v1.StartRunRequest.class,
      responseType = io.codeactions.v1.StartRunResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.StartRunRequest,
      io.codeactions.v1.StartRunResponse> getStartRunMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.StartRunRequest, io.codeactions.v1.StartRunResponse> getStartRunMethod;
    if ((getStartRunMethod = RunnerServiceGrpc.getStartRunMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getStartRunMethod = RunnerServiceGrpc.getStartRunMethod) == null) {
          RunnerServiceGrpc.getStartRunMethod = getStartRunMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.StartRunRequest, io.codeactions.v1.StartRunResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "StartRun"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.StartRunRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.StartRunResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("StartRun"))
              .build();
        }
      }
    }
    return getStartRunMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ReplayRunRequest,
      io.codeactions.v1.ReplayRunResponse> getReplayRunMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReplayRun",
      requestType = io.codeactions.v1.ReplayRunRequest.class,
      responseType = io.codeactions.v1.ReplayRunResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ReplayRunRequest,
      io.codeactions.v1.ReplayRunResponse> getReplayRunMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ReplayRunRequest, io.codeactions.v1.ReplayRunResponse> getReplayRunMethod;
    if ((getReplayRunMethod = RunnerServiceGrpc.getReplayRunMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getReplayRunMethod = RunnerServiceGrpc.getReplayRunMethod) == null) {
          RunnerServiceGrpc.getReplayRunMethod = getReplayRunMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ReplayRunRequest, io.codeactions.v1.ReplayRunResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReplayRun"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ReplayRunRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ReplayRunResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("ReplayRun"))
              .build();
        }
      }
    }
    return getReplayRunMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.GetRunRequest,
      io.codeactions.v1.GetRunResponse> getGetRunMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetRun",
      requestType = io.codeactions.v1.GetRunRequest.class,
      responseType = io.codeactions.v1.GetRunResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.GetRunRequest,
      io.codeactions.v1.GetRunResponse> getGetRunMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.GetRunRequest, io.codeactions.v1.GetRunResponse> getGetRunMethod;
    if ((getGetRunMethod = RunnerServiceGrpc.getGetRunMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getGetRunMethod = RunnerServiceGrpc.getGetRunMethod) == null) {
          RunnerServiceGrpc.getGetRunMethod = getGetRunMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.GetRunRequest, io.codeactions.v1.GetRunResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetRun"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetRunRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetRunResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("GetRun"))
              .build();
        }
      }
    }
    return getGetRunMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ListRunsRequest,
      io.codeactions.v1.ListRunsResponse> getListRunsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListRuns",
      requestType = io.codeactions.v1.ListRunsRequest.class,
      responseType = io.codeactions.v1.ListRunsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ListRunsRequest,
      io.codeactions.v1.ListRunsResponse> getListRunsMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ListRunsRequest, io.codeactions.v1.ListRunsResponse> getListRunsMethod;
    if ((getListRunsMethod = RunnerServiceGrpc.getListRunsMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getListRunsMethod = RunnerServiceGrpc.getListRunsMethod) == null) {
          RunnerServiceGrpc.getListRunsMethod = getListRunsMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ListRunsRequest, io.codeactions.v1.ListRunsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListRuns"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListRunsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListRunsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("ListRuns"))
              .build();
        }
      }
    }
    return getListRunsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.WatchRunRequest,
      io.codeactions.v1.WatchRunResponse> getWatchRunMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchRun",
      requestType = io.codeactions.v1.WatchRunRequest.class,
      responseType = io.codeactions.v1.WatchRunResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.WatchRunRequest,
      io.codeactions.v1.WatchRunResponse> getWatchRunMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.WatchRunRequest, io.codeactions.v1.WatchRunResponse> getWatchRunMethod;
    if ((getWatchRunMethod = RunnerServiceGrpc.getWatchRunMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getWatchRunMethod = RunnerServiceGrpc.getWatchRunMethod) == null) {
          RunnerServiceGrpc.getWatchRunMethod = getWatchRunMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.WatchRunRequest, io.codeactions.v1.WatchRunResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchRun"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.WatchRunRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.WatchRunResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("WatchRun"))
              .build();
        }
      }
    }
    return getWatchRunMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.CancelRunRequest,
      io.codeactions.v1.CancelRunResponse> getCancelRunMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CancelRun",
      requestType = io.codeactions.v1.CancelRunRequest.class,
      responseType = io.codeactions.v1.CancelRunResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.CancelRunRequest,
      io.codeactions.v1.CancelRunResponse> getCancelRunMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.CancelRunRequest, io.codeactions.v1.CancelRunResponse> getCancelRunMethod;
    if ((getCancelRunMethod = RunnerServiceGrpc.getCancelRunMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getCancelRunMethod = RunnerServiceGrpc.getCancelRunMethod) == null) {
          RunnerServiceGrpc.getCancelRunMethod = getCancelRunMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.CancelRunRequest, io.codeactions.v1.CancelRunResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CancelRun"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CancelRunRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CancelRunResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("CancelRun"))
              .build();
        }
      }
    }
    return getCancelRunMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.CreateScheduleRequest,
      io.codeactions.v1.CreateScheduleResponse> getCreateScheduleMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateSchedule",
      requestType = io.codeactions.v1.CreateScheduleRequest.class,
      responseType = io.codeactions.v1.CreateScheduleResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.CreateScheduleRequest,
      io.codeactions.v1.CreateScheduleResponse> getCreateScheduleMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.CreateScheduleRequest, io.codeactions.v1.CreateScheduleResponse> getCreateScheduleMethod;
    if ((getCreateScheduleMethod = RunnerServiceGrpc.getCreateScheduleMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getCreateScheduleMethod = RunnerServiceGrpc.getCreateScheduleMethod) == null) {
          RunnerServiceGrpc.getCreateScheduleMethod = getCreateScheduleMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.CreateScheduleRequest, io.codeactions.v1.CreateScheduleResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateSchedule"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CreateScheduleRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CreateScheduleResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("CreateSchedule"))
              .build();
        }
      }
    }
    return getCreateScheduleMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.GetScheduleRequest,
      io.codeactions.v1.GetScheduleResponse> getGetScheduleMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetSchedule",
      requestType = io.codeactions.v1.GetScheduleRequest.class,
      responseType = io.codeactions.v1.GetScheduleResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.GetScheduleRequest,
      io.codeactions.v1.GetScheduleResponse> getGetScheduleMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.GetScheduleRequest, io.codeactions.v1.GetScheduleResponse> getGetScheduleMethod;
    if ((getGetScheduleMethod = RunnerServiceGrpc.getGetScheduleMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getGetScheduleMethod = RunnerServiceGrpc.getGetScheduleMethod) == null) {
          RunnerServiceGrpc.getGetScheduleMethod = getGetScheduleMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.GetScheduleRequest, io.codeactions.v1.GetScheduleResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetSchedule"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetScheduleRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetScheduleResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("GetSchedule"))
              .build();
        }
      }
    }
    return getGetScheduleMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ListSchedulesRequest,
      io.codeactions.v1.ListSchedulesResponse> getListSchedulesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListSchedules",
      requestType = io.codeactions.v1.ListSchedulesRequest.class,
      responseType = io.codeactions.v1.ListSchedulesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ListSchedulesRequest,
      io.codeactions.v1.ListSchedulesResponse> getListSchedulesMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ListSchedulesRequest, io.codeactions.v1.ListSchedulesResponse> getListSchedulesMethod;
    if ((getListSchedulesMethod = RunnerServiceGrpc.getListSchedulesMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getListSchedulesMethod = RunnerServiceGrpc.getListSchedulesMethod) == null) {
          RunnerServiceGrpc.getListSchedulesMethod = getListSchedulesMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ListSchedulesRequest, io.codeactions.v1.ListSchedulesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListSchedules"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListSchedulesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListSchedulesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("ListSchedules"))
              .build();
        }
      }
    }
    return getListSchedulesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.UpdateScheduleRequest,
      io.codeactions.v1.UpdateScheduleResponse> getUpdateScheduleMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateSchedule",
      requestType = io.codeactions.v1.UpdateScheduleRequest.class,
      responseType = io.codeactions.v1.UpdateScheduleResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.UpdateScheduleRequest,
      io.codeactions.v1.UpdateScheduleResponse> getUpdateScheduleMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.UpdateScheduleRequest, io.codeactions.v1.UpdateScheduleResponse> getUpdateScheduleMethod;
    if ((getUpdateScheduleMethod = RunnerServiceGrpc.getUpdateScheduleMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getUpdateScheduleMethod = RunnerServiceGrpc.getUpdateScheduleMethod) == null) {
          RunnerServiceGrpc.getUpdateScheduleMethod = getUpdateScheduleMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.UpdateScheduleRequest, io.codeactions.v1.UpdateScheduleResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateSchedule"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.UpdateScheduleRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.UpdateScheduleResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("UpdateSchedule"))
              .build();
        }
      }
    }
    return getUpdateScheduleMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.DeleteScheduleRequest,
      io.codeactions.v1.DeleteScheduleResponse> getDeleteScheduleMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteSchedule",
      requestType = io.codeactions.v1.DeleteScheduleRequest.class,
      responseType = io.codeactions.v1.DeleteScheduleResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.DeleteScheduleRequest,
      io.codeactions.v1.DeleteScheduleResponse> getDeleteScheduleMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.DeleteScheduleRequest, io.codeactions.v1.DeleteScheduleResponse> getDeleteScheduleMethod;
    if ((getDeleteScheduleMethod = RunnerServiceGrpc.getDeleteScheduleMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getDeleteScheduleMethod = RunnerServiceGrpc.getDeleteScheduleMethod) == null) {
          RunnerServiceGrpc.getDeleteScheduleMethod = getDeleteScheduleMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.DeleteScheduleRequest, io.codeactions.v1.DeleteScheduleResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteSchedule"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.DeleteScheduleRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.DeleteScheduleResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("DeleteSchedule"))
              .build();
        }
      }
    }
    return getDeleteScheduleMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.GetPoolRequest,
      io.codeactions.v1.GetPoolResponse> getGetPoolMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetPool",
      requestType = io.codeactions.v1.GetPoolRequest.class,
      responseType = io.codeactions.v1.GetPoolResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.GetPoolRequest,
      io.codeactions.v1.GetPoolResponse> getGetPoolMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.GetPoolRequest, io.codeactions.v1.GetPoolResponse> getGetPoolMethod;
    if ((getGetPoolMethod = RunnerServiceGrpc.getGetPoolMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getGetPoolMethod = RunnerServiceGrpc.getGetPoolMethod) == null) {
          RunnerServiceGrpc.getGetPoolMethod = getGetPoolMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.GetPoolRequest, io.codeactions.v1.GetPoolResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetPool"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetPoolRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetPoolResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("GetPool"))
              .build();
        }
      }
    }
    return getGetPoolMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.WatchPoolRequest,
      io.codeactions.v1.WatchPoolResponse> getWatchPoolMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchPool",
      requestType = io.codeactions.v1.WatchPoolRequest.class,
      responseType = io.codeactions.v1.WatchPoolResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.WatchPoolRequest,
      io.codeactions.v1.WatchPoolResponse> getWatchPoolMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.WatchPoolRequest, io.codeactions.v1.WatchPoolResponse> getWatchPoolMethod;
    if ((getWatchPoolMethod = RunnerServiceGrpc.getWatchPoolMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getWatchPoolMethod = RunnerServiceGrpc.getWatchPoolMethod) == null) {
          RunnerServiceGrpc.getWatchPoolMethod = getWatchPoolMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.WatchPoolRequest, io.codeactions.v1.WatchPoolResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchPool"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.WatchPoolRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.WatchPoolResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("WatchPool"))
              .build();
        }
      }
    }
    return getWatchPoolMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.LiftQuarantineRequest,
      io.codeactions.v1.LiftQuarantineResponse> getLiftQuarantineMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "LiftQuarantine",
      requestType = io.codeactions.v1.LiftQuarantineRequest.class,
      responseType = io.codeactions.v1.LiftQuarantineResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.LiftQuarantineRequest,
      io.codeactions.v1.LiftQuarantineResponse> getLiftQuarantineMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.LiftQuarantineRequest, io.codeactions.v1.LiftQuarantineResponse> getLiftQuarantineMethod;
    if ((getLiftQuarantineMethod = RunnerServiceGrpc.getLiftQuarantineMethod) == null) {
      synchronized (RunnerServiceGrpc.class) {
        if ((getLiftQuarantineMethod = RunnerServiceGrpc.getLiftQuarantineMethod) == null) {
          RunnerServiceGrpc.getLiftQuarantineMethod = getLiftQuarantineMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.LiftQuarantineRequest, io.codeactions.v1.LiftQuarantineResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "LiftQuarantine"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.LiftQuarantineRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.LiftQuarantineResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RunnerServiceMethodDescriptorSupplier("LiftQuarantine"))
              .build();
        }
      }
    }
    return getLiftQuarantineMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static RunnerServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RunnerServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RunnerServiceStub>() {
        @java.lang.Override
        public RunnerServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RunnerServiceStub(channel, callOptions);
        }
      };
    return RunnerServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static RunnerServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RunnerServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RunnerServiceBlockingV2Stub>() {
        @java.lang.Override
        public RunnerServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RunnerServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return RunnerServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static RunnerServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RunnerServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RunnerServiceBlockingStub>() {
        @java.lang.Override
        public RunnerServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RunnerServiceBlockingStub(channel, callOptions);
        }
      };
    return RunnerServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static RunnerServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RunnerServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RunnerServiceFutureStub>() {
        @java.lang.Override
        public RunnerServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RunnerServiceFutureStub(channel, callOptions);
        }
      };
    return RunnerServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * RunnerService runs codes and follows runs.
   * A run belongs to the service, not to its caller: once it is accepted it has a record, and it ends in exactly one
   * final status whatever happens to the caller, the worker or the process. A code that fails is an answer (a run whose
   * status says so), not an error of the call; the call fails only when the run was refused or its outcome is unknown.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * RunCode runs a version of a code, waits, and answers with the run and its result. When the caller goes away first
     * the run is cancelled, unless it carries a `request_id`: then it goes on, and a retry with the same id attaches to
     * it. The answer does not echo the input.
     * </pre>
     */
    default void runCode(io.codeactions.v1.RunCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.RunCodeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRunCodeMethod(), responseObserver);
    }

    /**
     * <pre>
     * RunCodeStream does the same and shows the run while it happens: started, its log, its end. The run goes on when
     * the caller goes away; WatchRun picks it up again.
     * </pre>
     */
    default void runCodeStream(io.codeactions.v1.RunCodeStreamRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.RunCodeStreamResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRunCodeStreamMethod(), responseObserver);
    }

    /**
     * <pre>
     * RunSource tries a source that is not stored, with the same limits, and shows the run while it happens. It is
     * recorded as a try of the project, not as a run of any code.
     * </pre>
     */
    default void runSource(io.codeactions.v1.RunSourceRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.RunSourceResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRunSourceMethod(), responseObserver);
    }

    /**
     * <pre>
     * StartRun queues a durable run of a code and answers at once: from then on the run survives the death of any
     * process, and ends in one final status.
     * </pre>
     */
    default void startRun(io.codeactions.v1.StartRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.StartRunResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getStartRunMethod(), responseObserver);
    }

    /**
     * <pre>
     * ReplayRun queues a durable run with the input of an earlier run, of the version that is chosen.
     * FAILED_PRECONDITION (INPUT_NOT_KEPT) when that input was not recorded. The values of credentials among its headers
     * are not: the code is given `[redacted]` in their place.
     * </pre>
     */
    default void replayRun(io.codeactions.v1.ReplayRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ReplayRunResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReplayRunMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetRun reads one run.
     * </pre>
     */
    default void getRun(io.codeactions.v1.GetRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetRunResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetRunMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListRuns reads runs of a project or of one code, newest first.
     * </pre>
     */
    default void listRuns(io.codeactions.v1.ListRunsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListRunsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListRunsMethod(), responseObserver);
    }

    /**
     * <pre>
     * WatchRun follows a run from its beginning, or from a cursor, until it has ended.
     * </pre>
     */
    default void watchRun(io.codeactions.v1.WatchRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.WatchRunResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchRunMethod(), responseObserver);
    }

    /**
     * <pre>
     * CancelRun ends a run in any state before its last: one that waits for its turn or for its next attempt, or one
     * that is under way, with everything it started. FAILED_PRECONDITION (RUN_ENDED) with the status when it has ended.
     * </pre>
     */
    default void cancelRun(io.codeactions.v1.CancelRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CancelRunResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCancelRunMethod(), responseObserver);
    }

    /**
     * <pre>
     * CreateSchedule starts a code at the times of a cron expression. A project may have 1,000 schedules.
     * </pre>
     */
    default void createSchedule(io.codeactions.v1.CreateScheduleRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CreateScheduleResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateScheduleMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetSchedule reads one schedule.
     * </pre>
     */
    default void getSchedule(io.codeactions.v1.GetScheduleRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetScheduleResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetScheduleMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListSchedules reads the schedules of a project or of one code, newest first.
     * </pre>
     */
    default void listSchedules(io.codeactions.v1.ListSchedulesRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListSchedulesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListSchedulesMethod(), responseObserver);
    }

    /**
     * <pre>
     * UpdateSchedule changes the fields that are present. Another expression or time zone, and the end of a pause, reckon
     * the next time anew.
     * </pre>
     */
    default void updateSchedule(io.codeactions.v1.UpdateScheduleRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateScheduleResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateScheduleMethod(), responseObserver);
    }

    /**
     * <pre>
     * DeleteSchedule ends a schedule. Runs that it has started go on.
     * </pre>
     */
    default void deleteSchedule(io.codeactions.v1.DeleteScheduleRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteScheduleResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteScheduleMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetPool shows the nodes that run codes, their breakers, the queue and what is quarantined.
     * </pre>
     */
    default void getPool(io.codeactions.v1.GetPoolRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetPoolResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetPoolMethod(), responseObserver);
    }

    /**
     * <pre>
     * WatchPool shows the pool and then every change of it, for ever.
     * </pre>
     */
    default void watchPool(io.codeactions.v1.WatchPoolRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.WatchPoolResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchPoolMethod(), responseObserver);
    }

    /**
     * <pre>
     * LiftQuarantine lets a version run again that was refused because its workers kept dying.
     * FAILED_PRECONDITION (NOT_QUARANTINED) when it is not refused.
     * </pre>
     */
    default void liftQuarantine(io.codeactions.v1.LiftQuarantineRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.LiftQuarantineResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getLiftQuarantineMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service RunnerService.
   * <pre>
   * RunnerService runs codes and follows runs.
   * A run belongs to the service, not to its caller: once it is accepted it has a record, and it ends in exactly one
   * final status whatever happens to the caller, the worker or the process. A code that fails is an answer (a run whose
   * status says so), not an error of the call; the call fails only when the run was refused or its outcome is unknown.
   * </pre>
   */
  public static abstract class RunnerServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return RunnerServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service RunnerService.
   * <pre>
   * RunnerService runs codes and follows runs.
   * A run belongs to the service, not to its caller: once it is accepted it has a record, and it ends in exactly one
   * final status whatever happens to the caller, the worker or the process. A code that fails is an answer (a run whose
   * status says so), not an error of the call; the call fails only when the run was refused or its outcome is unknown.
   * </pre>
   */
  public static final class RunnerServiceStub
      extends io.grpc.stub.AbstractAsyncStub<RunnerServiceStub> {
    private RunnerServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RunnerServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RunnerServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * RunCode runs a version of a code, waits, and answers with the run and its result. When the caller goes away first
     * the run is cancelled, unless it carries a `request_id`: then it goes on, and a retry with the same id attaches to
     * it. The answer does not echo the input.
     * </pre>
     */
    public void runCode(io.codeactions.v1.RunCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.RunCodeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRunCodeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * RunCodeStream does the same and shows the run while it happens: started, its log, its end. The run goes on when
     * the caller goes away; WatchRun picks it up again.
     * </pre>
     */
    public void runCodeStream(io.codeactions.v1.RunCodeStreamRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.RunCodeStreamResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getRunCodeStreamMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * RunSource tries a source that is not stored, with the same limits, and shows the run while it happens. It is
     * recorded as a try of the project, not as a run of any code.
     * </pre>
     */
    public void runSource(io.codeactions.v1.RunSourceRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.RunSourceResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getRunSourceMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * StartRun queues a durable run of a code and answers at once: from then on the run survives the death of any
     * process, and ends in one final status.
     * </pre>
     */
    public void startRun(io.codeactions.v1.StartRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.StartRunResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getStartRunMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ReplayRun queues a durable run with the input of an earlier run, of the version that is chosen.
     * FAILED_PRECONDITION (INPUT_NOT_KEPT) when that input was not recorded. The values of credentials among its headers
     * are not: the code is given `[redacted]` in their place.
     * </pre>
     */
    public void replayRun(io.codeactions.v1.ReplayRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ReplayRunResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReplayRunMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetRun reads one run.
     * </pre>
     */
    public void getRun(io.codeactions.v1.GetRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetRunResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetRunMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListRuns reads runs of a project or of one code, newest first.
     * </pre>
     */
    public void listRuns(io.codeactions.v1.ListRunsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListRunsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListRunsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * WatchRun follows a run from its beginning, or from a cursor, until it has ended.
     * </pre>
     */
    public void watchRun(io.codeactions.v1.WatchRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.WatchRunResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchRunMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * CancelRun ends a run in any state before its last: one that waits for its turn or for its next attempt, or one
     * that is under way, with everything it started. FAILED_PRECONDITION (RUN_ENDED) with the status when it has ended.
     * </pre>
     */
    public void cancelRun(io.codeactions.v1.CancelRunRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CancelRunResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCancelRunMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * CreateSchedule starts a code at the times of a cron expression. A project may have 1,000 schedules.
     * </pre>
     */
    public void createSchedule(io.codeactions.v1.CreateScheduleRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CreateScheduleResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateScheduleMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetSchedule reads one schedule.
     * </pre>
     */
    public void getSchedule(io.codeactions.v1.GetScheduleRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetScheduleResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetScheduleMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListSchedules reads the schedules of a project or of one code, newest first.
     * </pre>
     */
    public void listSchedules(io.codeactions.v1.ListSchedulesRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListSchedulesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListSchedulesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * UpdateSchedule changes the fields that are present. Another expression or time zone, and the end of a pause, reckon
     * the next time anew.
     * </pre>
     */
    public void updateSchedule(io.codeactions.v1.UpdateScheduleRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateScheduleResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateScheduleMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * DeleteSchedule ends a schedule. Runs that it has started go on.
     * </pre>
     */
    public void deleteSchedule(io.codeactions.v1.DeleteScheduleRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteScheduleResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteScheduleMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetPool shows the nodes that run codes, their breakers, the queue and what is quarantined.
     * </pre>
     */
    public void getPool(io.codeactions.v1.GetPoolRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetPoolResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetPoolMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * WatchPool shows the pool and then every change of it, for ever.
     * </pre>
     */
    public void watchPool(io.codeactions.v1.WatchPoolRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.WatchPoolResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchPoolMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * LiftQuarantine lets a version run again that was refused because its workers kept dying.
     * FAILED_PRECONDITION (NOT_QUARANTINED) when it is not refused.
     * </pre>
     */
    public void liftQuarantine(io.codeactions.v1.LiftQuarantineRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.LiftQuarantineResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getLiftQuarantineMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service RunnerService.
   * <pre>
   * RunnerService runs codes and follows runs.
   * A run belongs to the service, not to its caller: once it is accepted it has a record, and it ends in exactly one
   * final status whatever happens to the caller, the worker or the process. A code that fails is an answer (a run whose
   * status says so), not an error of the call; the call fails only when the run was refused or its outcome is unknown.
   * </pre>
   */
  public static final class RunnerServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<RunnerServiceBlockingV2Stub> {
    private RunnerServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RunnerServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RunnerServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * RunCode runs a version of a code, waits, and answers with the run and its result. When the caller goes away first
     * the run is cancelled, unless it carries a `request_id`: then it goes on, and a retry with the same id attaches to
     * it. The answer does not echo the input.
     * </pre>
     */
    public io.codeactions.v1.RunCodeResponse runCode(io.codeactions.v1.RunCodeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRunCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * RunCodeStream does the same and shows the run while it happens: started, its log, its end. The run goes on when
     * the caller goes away; WatchRun picks it up again.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, io.codeactions.v1.RunCodeStreamResponse>
        runCodeStream(io.codeactions.v1.RunCodeStreamRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getRunCodeStreamMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * RunSource tries a source that is not stored, with the same limits, and shows the run while it happens. It is
     * recorded as a try of the project, not as a run of any code.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, io.codeactions.v1.RunSourceResponse>
        runSource(io.codeactions.v1.RunSourceRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getRunSourceMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * StartRun queues a durable run of a code and answers at once: from then on the run survives the death of any
     * process, and ends in one final status.
     * </pre>
     */
    public io.codeactions.v1.StartRunResponse startRun(io.codeactions.v1.StartRunRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getStartRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ReplayRun queues a durable run with the input of an earlier run, of the version that is chosen.
     * FAILED_PRECONDITION (INPUT_NOT_KEPT) when that input was not recorded. The values of credentials among its headers
     * are not: the code is given `[redacted]` in their place.
     * </pre>
     */
    public io.codeactions.v1.ReplayRunResponse replayRun(io.codeactions.v1.ReplayRunRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReplayRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetRun reads one run.
     * </pre>
     */
    public io.codeactions.v1.GetRunResponse getRun(io.codeactions.v1.GetRunRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListRuns reads runs of a project or of one code, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListRunsResponse listRuns(io.codeactions.v1.ListRunsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListRunsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * WatchRun follows a run from its beginning, or from a cursor, until it has ended.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, io.codeactions.v1.WatchRunResponse>
        watchRun(io.codeactions.v1.WatchRunRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * CancelRun ends a run in any state before its last: one that waits for its turn or for its next attempt, or one
     * that is under way, with everything it started. FAILED_PRECONDITION (RUN_ENDED) with the status when it has ended.
     * </pre>
     */
    public io.codeactions.v1.CancelRunResponse cancelRun(io.codeactions.v1.CancelRunRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCancelRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * CreateSchedule starts a code at the times of a cron expression. A project may have 1,000 schedules.
     * </pre>
     */
    public io.codeactions.v1.CreateScheduleResponse createSchedule(io.codeactions.v1.CreateScheduleRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateScheduleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetSchedule reads one schedule.
     * </pre>
     */
    public io.codeactions.v1.GetScheduleResponse getSchedule(io.codeactions.v1.GetScheduleRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetScheduleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListSchedules reads the schedules of a project or of one code, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListSchedulesResponse listSchedules(io.codeactions.v1.ListSchedulesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListSchedulesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateSchedule changes the fields that are present. Another expression or time zone, and the end of a pause, reckon
     * the next time anew.
     * </pre>
     */
    public io.codeactions.v1.UpdateScheduleResponse updateSchedule(io.codeactions.v1.UpdateScheduleRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateScheduleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteSchedule ends a schedule. Runs that it has started go on.
     * </pre>
     */
    public io.codeactions.v1.DeleteScheduleResponse deleteSchedule(io.codeactions.v1.DeleteScheduleRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteScheduleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetPool shows the nodes that run codes, their breakers, the queue and what is quarantined.
     * </pre>
     */
    public io.codeactions.v1.GetPoolResponse getPool(io.codeactions.v1.GetPoolRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetPoolMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * WatchPool shows the pool and then every change of it, for ever.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, io.codeactions.v1.WatchPoolResponse>
        watchPool(io.codeactions.v1.WatchPoolRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchPoolMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * LiftQuarantine lets a version run again that was refused because its workers kept dying.
     * FAILED_PRECONDITION (NOT_QUARANTINED) when it is not refused.
     * </pre>
     */
    public io.codeactions.v1.LiftQuarantineResponse liftQuarantine(io.codeactions.v1.LiftQuarantineRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getLiftQuarantineMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service RunnerService.
   * <pre>
   * RunnerService runs codes and follows runs.
   * A run belongs to the service, not to its caller: once it is accepted it has a record, and it ends in exactly one
   * final status whatever happens to the caller, the worker or the process. A code that fails is an answer (a run whose
   * status says so), not an error of the call; the call fails only when the run was refused or its outcome is unknown.
   * </pre>
   */
  public static final class RunnerServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<RunnerServiceBlockingStub> {
    private RunnerServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RunnerServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RunnerServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * RunCode runs a version of a code, waits, and answers with the run and its result. When the caller goes away first
     * the run is cancelled, unless it carries a `request_id`: then it goes on, and a retry with the same id attaches to
     * it. The answer does not echo the input.
     * </pre>
     */
    public io.codeactions.v1.RunCodeResponse runCode(io.codeactions.v1.RunCodeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRunCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * RunCodeStream does the same and shows the run while it happens: started, its log, its end. The run goes on when
     * the caller goes away; WatchRun picks it up again.
     * </pre>
     */
    public java.util.Iterator<io.codeactions.v1.RunCodeStreamResponse> runCodeStream(
        io.codeactions.v1.RunCodeStreamRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getRunCodeStreamMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * RunSource tries a source that is not stored, with the same limits, and shows the run while it happens. It is
     * recorded as a try of the project, not as a run of any code.
     * </pre>
     */
    public java.util.Iterator<io.codeactions.v1.RunSourceResponse> runSource(
        io.codeactions.v1.RunSourceRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getRunSourceMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * StartRun queues a durable run of a code and answers at once: from then on the run survives the death of any
     * process, and ends in one final status.
     * </pre>
     */
    public io.codeactions.v1.StartRunResponse startRun(io.codeactions.v1.StartRunRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getStartRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ReplayRun queues a durable run with the input of an earlier run, of the version that is chosen.
     * FAILED_PRECONDITION (INPUT_NOT_KEPT) when that input was not recorded. The values of credentials among its headers
     * are not: the code is given `[redacted]` in their place.
     * </pre>
     */
    public io.codeactions.v1.ReplayRunResponse replayRun(io.codeactions.v1.ReplayRunRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReplayRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetRun reads one run.
     * </pre>
     */
    public io.codeactions.v1.GetRunResponse getRun(io.codeactions.v1.GetRunRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListRuns reads runs of a project or of one code, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListRunsResponse listRuns(io.codeactions.v1.ListRunsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListRunsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * WatchRun follows a run from its beginning, or from a cursor, until it has ended.
     * </pre>
     */
    public java.util.Iterator<io.codeactions.v1.WatchRunResponse> watchRun(
        io.codeactions.v1.WatchRunRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * CancelRun ends a run in any state before its last: one that waits for its turn or for its next attempt, or one
     * that is under way, with everything it started. FAILED_PRECONDITION (RUN_ENDED) with the status when it has ended.
     * </pre>
     */
    public io.codeactions.v1.CancelRunResponse cancelRun(io.codeactions.v1.CancelRunRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCancelRunMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * CreateSchedule starts a code at the times of a cron expression. A project may have 1,000 schedules.
     * </pre>
     */
    public io.codeactions.v1.CreateScheduleResponse createSchedule(io.codeactions.v1.CreateScheduleRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateScheduleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetSchedule reads one schedule.
     * </pre>
     */
    public io.codeactions.v1.GetScheduleResponse getSchedule(io.codeactions.v1.GetScheduleRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetScheduleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListSchedules reads the schedules of a project or of one code, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListSchedulesResponse listSchedules(io.codeactions.v1.ListSchedulesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListSchedulesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateSchedule changes the fields that are present. Another expression or time zone, and the end of a pause, reckon
     * the next time anew.
     * </pre>
     */
    public io.codeactions.v1.UpdateScheduleResponse updateSchedule(io.codeactions.v1.UpdateScheduleRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateScheduleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteSchedule ends a schedule. Runs that it has started go on.
     * </pre>
     */
    public io.codeactions.v1.DeleteScheduleResponse deleteSchedule(io.codeactions.v1.DeleteScheduleRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteScheduleMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetPool shows the nodes that run codes, their breakers, the queue and what is quarantined.
     * </pre>
     */
    public io.codeactions.v1.GetPoolResponse getPool(io.codeactions.v1.GetPoolRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetPoolMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * WatchPool shows the pool and then every change of it, for ever.
     * </pre>
     */
    public java.util.Iterator<io.codeactions.v1.WatchPoolResponse> watchPool(
        io.codeactions.v1.WatchPoolRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchPoolMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * LiftQuarantine lets a version run again that was refused because its workers kept dying.
     * FAILED_PRECONDITION (NOT_QUARANTINED) when it is not refused.
     * </pre>
     */
    public io.codeactions.v1.LiftQuarantineResponse liftQuarantine(io.codeactions.v1.LiftQuarantineRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getLiftQuarantineMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service RunnerService.
   * <pre>
   * RunnerService runs codes and follows runs.
   * A run belongs to the service, not to its caller: once it is accepted it has a record, and it ends in exactly one
   * final status whatever happens to the caller, the worker or the process. A code that fails is an answer (a run whose
   * status says so), not an error of the call; the call fails only when the run was refused or its outcome is unknown.
   * </pre>
   */
  public static final class RunnerServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<RunnerServiceFutureStub> {
    private RunnerServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RunnerServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RunnerServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * RunCode runs a version of a code, waits, and answers with the run and its result. When the caller goes away first
     * the run is cancelled, unless it carries a `request_id`: then it goes on, and a retry with the same id attaches to
     * it. The answer does not echo the input.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.RunCodeResponse> runCode(
        io.codeactions.v1.RunCodeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRunCodeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * StartRun queues a durable run of a code and answers at once: from then on the run survives the death of any
     * process, and ends in one final status.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.StartRunResponse> startRun(
        io.codeactions.v1.StartRunRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getStartRunMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ReplayRun queues a durable run with the input of an earlier run, of the version that is chosen.
     * FAILED_PRECONDITION (INPUT_NOT_KEPT) when that input was not recorded. The values of credentials among its headers
     * are not: the code is given `[redacted]` in their place.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ReplayRunResponse> replayRun(
        io.codeactions.v1.ReplayRunRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReplayRunMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetRun reads one run.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.GetRunResponse> getRun(
        io.codeactions.v1.GetRunRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetRunMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListRuns reads runs of a project or of one code, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ListRunsResponse> listRuns(
        io.codeactions.v1.ListRunsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListRunsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * CancelRun ends a run in any state before its last: one that waits for its turn or for its next attempt, or one
     * that is under way, with everything it started. FAILED_PRECONDITION (RUN_ENDED) with the status when it has ended.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.CancelRunResponse> cancelRun(
        io.codeactions.v1.CancelRunRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCancelRunMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * CreateSchedule starts a code at the times of a cron expression. A project may have 1,000 schedules.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.CreateScheduleResponse> createSchedule(
        io.codeactions.v1.CreateScheduleRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateScheduleMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetSchedule reads one schedule.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.GetScheduleResponse> getSchedule(
        io.codeactions.v1.GetScheduleRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetScheduleMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListSchedules reads the schedules of a project or of one code, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ListSchedulesResponse> listSchedules(
        io.codeactions.v1.ListSchedulesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListSchedulesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * UpdateSchedule changes the fields that are present. Another expression or time zone, and the end of a pause, reckon
     * the next time anew.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.UpdateScheduleResponse> updateSchedule(
        io.codeactions.v1.UpdateScheduleRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateScheduleMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * DeleteSchedule ends a schedule. Runs that it has started go on.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.DeleteScheduleResponse> deleteSchedule(
        io.codeactions.v1.DeleteScheduleRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteScheduleMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetPool shows the nodes that run codes, their breakers, the queue and what is quarantined.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.GetPoolResponse> getPool(
        io.codeactions.v1.GetPoolRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetPoolMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * LiftQuarantine lets a version run again that was refused because its workers kept dying.
     * FAILED_PRECONDITION (NOT_QUARANTINED) when it is not refused.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.LiftQuarantineResponse> liftQuarantine(
        io.codeactions.v1.LiftQuarantineRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getLiftQuarantineMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_RUN_CODE = 0;
  private static final int METHODID_RUN_CODE_STREAM = 1;
  private static final int METHODID_RUN_SOURCE = 2;
  private static final int METHODID_START_RUN = 3;
  private static final int METHODID_REPLAY_RUN = 4;
  private static final int METHODID_GET_RUN = 5;
  private static final int METHODID_LIST_RUNS = 6;
  private static final int METHODID_WATCH_RUN = 7;
  private static final int METHODID_CANCEL_RUN = 8;
  private static final int METHODID_CREATE_SCHEDULE = 9;
  private static final int METHODID_GET_SCHEDULE = 10;
  private static final int METHODID_LIST_SCHEDULES = 11;
  private static final int METHODID_UPDATE_SCHEDULE = 12;
  private static final int METHODID_DELETE_SCHEDULE = 13;
  private static final int METHODID_GET_POOL = 14;
  private static final int METHODID_WATCH_POOL = 15;
  private static final int METHODID_LIFT_QUARANTINE = 16;

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
        case METHODID_RUN_CODE:
          serviceImpl.runCode((io.codeactions.v1.RunCodeRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.RunCodeResponse>) responseObserver);
          break;
        case METHODID_RUN_CODE_STREAM:
          serviceImpl.runCodeStream((io.codeactions.v1.RunCodeStreamRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.RunCodeStreamResponse>) responseObserver);
          break;
        case METHODID_RUN_SOURCE:
          serviceImpl.runSource((io.codeactions.v1.RunSourceRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.RunSourceResponse>) responseObserver);
          break;
        case METHODID_START_RUN:
          serviceImpl.startRun((io.codeactions.v1.StartRunRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.StartRunResponse>) responseObserver);
          break;
        case METHODID_REPLAY_RUN:
          serviceImpl.replayRun((io.codeactions.v1.ReplayRunRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ReplayRunResponse>) responseObserver);
          break;
        case METHODID_GET_RUN:
          serviceImpl.getRun((io.codeactions.v1.GetRunRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.GetRunResponse>) responseObserver);
          break;
        case METHODID_LIST_RUNS:
          serviceImpl.listRuns((io.codeactions.v1.ListRunsRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ListRunsResponse>) responseObserver);
          break;
        case METHODID_WATCH_RUN:
          serviceImpl.watchRun((io.codeactions.v1.WatchRunRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.WatchRunResponse>) responseObserver);
          break;
        case METHODID_CANCEL_RUN:
          serviceImpl.cancelRun((io.codeactions.v1.CancelRunRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.CancelRunResponse>) responseObserver);
          break;
        case METHODID_CREATE_SCHEDULE:
          serviceImpl.createSchedule((io.codeactions.v1.CreateScheduleRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.CreateScheduleResponse>) responseObserver);
          break;
        case METHODID_GET_SCHEDULE:
          serviceImpl.getSchedule((io.codeactions.v1.GetScheduleRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.GetScheduleResponse>) responseObserver);
          break;
        case METHODID_LIST_SCHEDULES:
          serviceImpl.listSchedules((io.codeactions.v1.ListSchedulesRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ListSchedulesResponse>) responseObserver);
          break;
        case METHODID_UPDATE_SCHEDULE:
          serviceImpl.updateSchedule((io.codeactions.v1.UpdateScheduleRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateScheduleResponse>) responseObserver);
          break;
        case METHODID_DELETE_SCHEDULE:
          serviceImpl.deleteSchedule((io.codeactions.v1.DeleteScheduleRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteScheduleResponse>) responseObserver);
          break;
        case METHODID_GET_POOL:
          serviceImpl.getPool((io.codeactions.v1.GetPoolRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.GetPoolResponse>) responseObserver);
          break;
        case METHODID_WATCH_POOL:
          serviceImpl.watchPool((io.codeactions.v1.WatchPoolRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.WatchPoolResponse>) responseObserver);
          break;
        case METHODID_LIFT_QUARANTINE:
          serviceImpl.liftQuarantine((io.codeactions.v1.LiftQuarantineRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.LiftQuarantineResponse>) responseObserver);
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
          getRunCodeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.RunCodeRequest,
              io.codeactions.v1.RunCodeResponse>(
                service, METHODID_RUN_CODE)))
        .addMethod(
          getRunCodeStreamMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              io.codeactions.v1.RunCodeStreamRequest,
              io.codeactions.v1.RunCodeStreamResponse>(
                service, METHODID_RUN_CODE_STREAM)))
        .addMethod(
          getRunSourceMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              io.codeactions.v1.RunSourceRequest,
              io.codeactions.v1.RunSourceResponse>(
                service, METHODID_RUN_SOURCE)))
        .addMethod(
          getStartRunMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.StartRunRequest,
              io.codeactions.v1.StartRunResponse>(
                service, METHODID_START_RUN)))
        .addMethod(
          getReplayRunMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ReplayRunRequest,
              io.codeactions.v1.ReplayRunResponse>(
                service, METHODID_REPLAY_RUN)))
        .addMethod(
          getGetRunMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.GetRunRequest,
              io.codeactions.v1.GetRunResponse>(
                service, METHODID_GET_RUN)))
        .addMethod(
          getListRunsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ListRunsRequest,
              io.codeactions.v1.ListRunsResponse>(
                service, METHODID_LIST_RUNS)))
        .addMethod(
          getWatchRunMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              io.codeactions.v1.WatchRunRequest,
              io.codeactions.v1.WatchRunResponse>(
                service, METHODID_WATCH_RUN)))
        .addMethod(
          getCancelRunMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.CancelRunRequest,
              io.codeactions.v1.CancelRunResponse>(
                service, METHODID_CANCEL_RUN)))
        .addMethod(
          getCreateScheduleMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.CreateScheduleRequest,
              io.codeactions.v1.CreateScheduleResponse>(
                service, METHODID_CREATE_SCHEDULE)))
        .addMethod(
          getGetScheduleMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.GetScheduleRequest,
              io.codeactions.v1.GetScheduleResponse>(
                service, METHODID_GET_SCHEDULE)))
        .addMethod(
          getListSchedulesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ListSchedulesRequest,
              io.codeactions.v1.ListSchedulesResponse>(
                service, METHODID_LIST_SCHEDULES)))
        .addMethod(
          getUpdateScheduleMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.UpdateScheduleRequest,
              io.codeactions.v1.UpdateScheduleResponse>(
                service, METHODID_UPDATE_SCHEDULE)))
        .addMethod(
          getDeleteScheduleMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.DeleteScheduleRequest,
              io.codeactions.v1.DeleteScheduleResponse>(
                service, METHODID_DELETE_SCHEDULE)))
        .addMethod(
          getGetPoolMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.GetPoolRequest,
              io.codeactions.v1.GetPoolResponse>(
                service, METHODID_GET_POOL)))
        .addMethod(
          getWatchPoolMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              io.codeactions.v1.WatchPoolRequest,
              io.codeactions.v1.WatchPoolResponse>(
                service, METHODID_WATCH_POOL)))
        .addMethod(
          getLiftQuarantineMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.LiftQuarantineRequest,
              io.codeactions.v1.LiftQuarantineResponse>(
                service, METHODID_LIFT_QUARANTINE)))
        .build();
  }

  private static abstract class RunnerServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    RunnerServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return io.codeactions.v1.RunnerServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("RunnerService");
    }
  }

  private static final class RunnerServiceFileDescriptorSupplier
      extends RunnerServiceBaseDescriptorSupplier {
    RunnerServiceFileDescriptorSupplier() {}
  }

  private static final class RunnerServiceMethodDescriptorSupplier
      extends RunnerServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    RunnerServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (RunnerServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new RunnerServiceFileDescriptorSupplier())
              .addMethod(getRunCodeMethod())
              .addMethod(getRunCodeStreamMethod())
              .addMethod(getRunSourceMethod())
              .addMethod(getStartRunMethod())
              .addMethod(getReplayRunMethod())
              .addMethod(getGetRunMethod())
              .addMethod(getListRunsMethod())
              .addMethod(getWatchRunMethod())
              .addMethod(getCancelRunMethod())
              .addMethod(getCreateScheduleMethod())
              .addMethod(getGetScheduleMethod())
              .addMethod(getListSchedulesMethod())
              .addMethod(getUpdateScheduleMethod())
              .addMethod(getDeleteScheduleMethod())
              .addMethod(getGetPoolMethod())
              .addMethod(getWatchPoolMethod())
              .addMethod(getLiftQuarantineMethod())
              .build();
        }
      }
    }
    return result;
  }
}
