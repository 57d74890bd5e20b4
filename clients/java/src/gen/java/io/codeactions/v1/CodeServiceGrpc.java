package io.codeactions.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * CodeService stores codes and their versions, publishes and rolls back, checks sources, and keeps the secrets that
 * codes read.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class CodeServiceGrpc {

  private CodeServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "codeactions.v1.CodeService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.CreateCodeRequest,
      io.codeactions.v1.CreateCodeResponse> getCreateCodeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateCode",
      requestType = io.codeactions.v1.CreateCodeRequest.class,
      responseType = io.codeactions.v1.CreateCodeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.CreateCodeRequest,
      io.codeactions.v1.CreateCodeResponse> getCreateCodeMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.CreateCodeRequest, io.codeactions.v1.CreateCodeResponse> getCreateCodeMethod;
    if ((getCreateCodeMethod = CodeServiceGrpc.getCreateCodeMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getCreateCodeMethod = CodeServiceGrpc.getCreateCodeMethod) == null) {
          CodeServiceGrpc.getCreateCodeMethod = getCreateCodeMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.CreateCodeRequest, io.codeactions.v1.CreateCodeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateCode"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CreateCodeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CreateCodeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("CreateCode"))
              .build();
        }
      }
    }
    return getCreateCodeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.GetCodeRequest,
      io.codeactions.v1.GetCodeResponse> getGetCodeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetCode",
      requestType = io.codeactions.v1.GetCodeRequest.class,
      responseType = io.codeactions.v1.GetCodeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.GetCodeRequest,
      io.codeactions.v1.GetCodeResponse> getGetCodeMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.GetCodeRequest, io.codeactions.v1.GetCodeResponse> getGetCodeMethod;
    if ((getGetCodeMethod = CodeServiceGrpc.getGetCodeMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getGetCodeMethod = CodeServiceGrpc.getGetCodeMethod) == null) {
          CodeServiceGrpc.getGetCodeMethod = getGetCodeMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.GetCodeRequest, io.codeactions.v1.GetCodeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetCode"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetCodeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetCodeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("GetCode"))
              .build();
        }
      }
    }
    return getGetCodeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ListCodesRequest,
      io.codeactions.v1.ListCodesResponse> getListCodesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListCodes",
      requestType = io.codeactions.v1.ListCodesRequest.class,
      responseType = io.codeactions.v1.ListCodesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ListCodesRequest,
      io.codeactions.v1.ListCodesResponse> getListCodesMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ListCodesRequest, io.codeactions.v1.ListCodesResponse> getListCodesMethod;
    if ((getListCodesMethod = CodeServiceGrpc.getListCodesMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getListCodesMethod = CodeServiceGrpc.getListCodesMethod) == null) {
          CodeServiceGrpc.getListCodesMethod = getListCodesMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ListCodesRequest, io.codeactions.v1.ListCodesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListCodes"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListCodesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListCodesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("ListCodes"))
              .build();
        }
      }
    }
    return getListCodesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.UpdateCodeRequest,
      io.codeactions.v1.UpdateCodeResponse> getUpdateCodeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateCode",
      requestType = io.codeactions.v1.UpdateCodeRequest.class,
      responseType = io.codeactions.v1.UpdateCodeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.UpdateCodeRequest,
      io.codeactions.v1.UpdateCodeResponse> getUpdateCodeMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.UpdateCodeRequest, io.codeactions.v1.UpdateCodeResponse> getUpdateCodeMethod;
    if ((getUpdateCodeMethod = CodeServiceGrpc.getUpdateCodeMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getUpdateCodeMethod = CodeServiceGrpc.getUpdateCodeMethod) == null) {
          CodeServiceGrpc.getUpdateCodeMethod = getUpdateCodeMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.UpdateCodeRequest, io.codeactions.v1.UpdateCodeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateCode"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.UpdateCodeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.UpdateCodeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("UpdateCode"))
              .build();
        }
      }
    }
    return getUpdateCodeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.DeleteCodeRequest,
      io.codeactions.v1.DeleteCodeResponse> getDeleteCodeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteCode",
      requestType = io.codeactions.v1.DeleteCodeRequest.class,
      responseType = io.codeactions.v1.DeleteCodeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.DeleteCodeRequest,
      io.codeactions.v1.DeleteCodeResponse> getDeleteCodeMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.DeleteCodeRequest, io.codeactions.v1.DeleteCodeResponse> getDeleteCodeMethod;
    if ((getDeleteCodeMethod = CodeServiceGrpc.getDeleteCodeMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getDeleteCodeMethod = CodeServiceGrpc.getDeleteCodeMethod) == null) {
          CodeServiceGrpc.getDeleteCodeMethod = getDeleteCodeMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.DeleteCodeRequest, io.codeactions.v1.DeleteCodeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteCode"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.DeleteCodeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.DeleteCodeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("DeleteCode"))
              .build();
        }
      }
    }
    return getDeleteCodeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.UndeleteCodeRequest,
      io.codeactions.v1.UndeleteCodeResponse> getUndeleteCodeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UndeleteCode",
      requestType = io.codeactions.v1.UndeleteCodeRequest.class,
      responseType = io.codeactions.v1.UndeleteCodeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.UndeleteCodeRequest,
      io.codeactions.v1.UndeleteCodeResponse> getUndeleteCodeMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.UndeleteCodeRequest, io.codeactions.v1.UndeleteCodeResponse> getUndeleteCodeMethod;
    if ((getUndeleteCodeMethod = CodeServiceGrpc.getUndeleteCodeMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getUndeleteCodeMethod = CodeServiceGrpc.getUndeleteCodeMethod) == null) {
          CodeServiceGrpc.getUndeleteCodeMethod = getUndeleteCodeMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.UndeleteCodeRequest, io.codeactions.v1.UndeleteCodeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UndeleteCode"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.UndeleteCodeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.UndeleteCodeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("UndeleteCode"))
              .build();
        }
      }
    }
    return getUndeleteCodeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ListCodeVersionsRequest,
      io.codeactions.v1.ListCodeVersionsResponse> getListCodeVersionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListCodeVersions",
      requestType = io.codeactions.v1.ListCodeVersionsRequest.class,
      responseType = io.codeactions.v1.ListCodeVersionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ListCodeVersionsRequest,
      io.codeactions.v1.ListCodeVersionsResponse> getListCodeVersionsMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ListCodeVersionsRequest, io.codeactions.v1.ListCodeVersionsResponse> getListCodeVersionsMethod;
    if ((getListCodeVersionsMethod = CodeServiceGrpc.getListCodeVersionsMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getListCodeVersionsMethod = CodeServiceGrpc.getListCodeVersionsMethod) == null) {
          CodeServiceGrpc.getListCodeVersionsMethod = getListCodeVersionsMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ListCodeVersionsRequest, io.codeactions.v1.ListCodeVersionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListCodeVersions"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListCodeVersionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListCodeVersionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("ListCodeVersions"))
              .build();
        }
      }
    }
    return getListCodeVersionsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.GetCodeVersionRequest,
      io.codeactions.v1.GetCodeVersionResponse> getGetCodeVersionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetCodeVersion",
      requestType = io.codeactions.v1.GetCodeVersionRequest.class,
      responseType = io.codeactions.v1.GetCodeVersionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.GetCodeVersionRequest,
      io.codeactions.v1.GetCodeVersionResponse> getGetCodeVersionMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.GetCodeVersionRequest, io.codeactions.v1.GetCodeVersionResponse> getGetCodeVersionMethod;
    if ((getGetCodeVersionMethod = CodeServiceGrpc.getGetCodeVersionMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getGetCodeVersionMethod = CodeServiceGrpc.getGetCodeVersionMethod) == null) {
          CodeServiceGrpc.getGetCodeVersionMethod = getGetCodeVersionMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.GetCodeVersionRequest, io.codeactions.v1.GetCodeVersionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetCodeVersion"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetCodeVersionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetCodeVersionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("GetCodeVersion"))
              .build();
        }
      }
    }
    return getGetCodeVersionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ActivateCodeVersionRequest,
      io.codeactions.v1.ActivateCodeVersionResponse> getActivateCodeVersionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ActivateCodeVersion",
      requestType = io.codeactions.v1.ActivateCodeVersionRequest.class,
      responseType = io.codeactions.v1.ActivateCodeVersionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ActivateCodeVersionRequest,
      io.codeactions.v1.ActivateCodeVersionResponse> getActivateCodeVersionMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ActivateCodeVersionRequest, io.codeactions.v1.ActivateCodeVersionResponse> getActivateCodeVersionMethod;
    if ((getActivateCodeVersionMethod = CodeServiceGrpc.getActivateCodeVersionMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getActivateCodeVersionMethod = CodeServiceGrpc.getActivateCodeVersionMethod) == null) {
          CodeServiceGrpc.getActivateCodeVersionMethod = getActivateCodeVersionMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ActivateCodeVersionRequest, io.codeactions.v1.ActivateCodeVersionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ActivateCodeVersion"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ActivateCodeVersionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ActivateCodeVersionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("ActivateCodeVersion"))
              .build();
        }
      }
    }
    return getActivateCodeVersionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.CheckCodeRequest,
      io.codeactions.v1.CheckCodeResponse> getCheckCodeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CheckCode",
      requestType = io.codeactions.v1.CheckCodeRequest.class,
      responseType = io.codeactions.v1.CheckCodeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.CheckCodeRequest,
      io.codeactions.v1.CheckCodeResponse> getCheckCodeMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.CheckCodeRequest, io.codeactions.v1.CheckCodeResponse> getCheckCodeMethod;
    if ((getCheckCodeMethod = CodeServiceGrpc.getCheckCodeMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getCheckCodeMethod = CodeServiceGrpc.getCheckCodeMethod) == null) {
          CodeServiceGrpc.getCheckCodeMethod = getCheckCodeMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.CheckCodeRequest, io.codeactions.v1.CheckCodeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CheckCode"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CheckCodeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CheckCodeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("CheckCode"))
              .build();
        }
      }
    }
    return getCheckCodeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.PutSecretRequest,
      io.codeactions.v1.PutSecretResponse> getPutSecretMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "PutSecret",
      requestType = io.codeactions.v1.PutSecretRequest.class,
      responseType = io.codeactions.v1.PutSecretResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.PutSecretRequest,
      io.codeactions.v1.PutSecretResponse> getPutSecretMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.PutSecretRequest, io.codeactions.v1.PutSecretResponse> getPutSecretMethod;
    if ((getPutSecretMethod = CodeServiceGrpc.getPutSecretMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getPutSecretMethod = CodeServiceGrpc.getPutSecretMethod) == null) {
          CodeServiceGrpc.getPutSecretMethod = getPutSecretMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.PutSecretRequest, io.codeactions.v1.PutSecretResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "PutSecret"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.PutSecretRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.PutSecretResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("PutSecret"))
              .build();
        }
      }
    }
    return getPutSecretMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ListSecretsRequest,
      io.codeactions.v1.ListSecretsResponse> getListSecretsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListSecrets",
      requestType = io.codeactions.v1.ListSecretsRequest.class,
      responseType = io.codeactions.v1.ListSecretsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ListSecretsRequest,
      io.codeactions.v1.ListSecretsResponse> getListSecretsMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ListSecretsRequest, io.codeactions.v1.ListSecretsResponse> getListSecretsMethod;
    if ((getListSecretsMethod = CodeServiceGrpc.getListSecretsMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getListSecretsMethod = CodeServiceGrpc.getListSecretsMethod) == null) {
          CodeServiceGrpc.getListSecretsMethod = getListSecretsMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ListSecretsRequest, io.codeactions.v1.ListSecretsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListSecrets"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListSecretsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListSecretsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("ListSecrets"))
              .build();
        }
      }
    }
    return getListSecretsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.DeleteSecretRequest,
      io.codeactions.v1.DeleteSecretResponse> getDeleteSecretMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteSecret",
      requestType = io.codeactions.v1.DeleteSecretRequest.class,
      responseType = io.codeactions.v1.DeleteSecretResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.DeleteSecretRequest,
      io.codeactions.v1.DeleteSecretResponse> getDeleteSecretMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.DeleteSecretRequest, io.codeactions.v1.DeleteSecretResponse> getDeleteSecretMethod;
    if ((getDeleteSecretMethod = CodeServiceGrpc.getDeleteSecretMethod) == null) {
      synchronized (CodeServiceGrpc.class) {
        if ((getDeleteSecretMethod = CodeServiceGrpc.getDeleteSecretMethod) == null) {
          CodeServiceGrpc.getDeleteSecretMethod = getDeleteSecretMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.DeleteSecretRequest, io.codeactions.v1.DeleteSecretResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteSecret"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.DeleteSecretRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.DeleteSecretResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CodeServiceMethodDescriptorSupplier("DeleteSecret"))
              .build();
        }
      }
    }
    return getDeleteSecretMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static CodeServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CodeServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CodeServiceStub>() {
        @java.lang.Override
        public CodeServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CodeServiceStub(channel, callOptions);
        }
      };
    return CodeServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static CodeServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CodeServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CodeServiceBlockingV2Stub>() {
        @java.lang.Override
        public CodeServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CodeServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return CodeServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static CodeServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CodeServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CodeServiceBlockingStub>() {
        @java.lang.Override
        public CodeServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CodeServiceBlockingStub(channel, callOptions);
        }
      };
    return CodeServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static CodeServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CodeServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CodeServiceFutureStub>() {
        @java.lang.Override
        public CodeServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CodeServiceFutureStub(channel, callOptions);
        }
      };
    return CodeServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * CodeService stores codes and their versions, publishes and rolls back, checks sources, and keeps the secrets that
   * codes read.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * CreateCode stores a code and its first version, which becomes the active one. The source is checked first; one
     * that does not parse, or has no `Run`, is refused with SOURCE_INVALID and a position.
     * </pre>
     */
    default void createCode(io.codeactions.v1.CreateCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CreateCodeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateCodeMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetCode reads one code, also a deleted one within its 30 days (its `delete_time` is set then).
     * </pre>
     */
    default void getCode(io.codeactions.v1.GetCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetCodeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetCodeMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListCodes reads a project's codes, newest first.
     * </pre>
     */
    default void listCodes(io.codeactions.v1.ListCodesRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListCodesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListCodesMethod(), responseObserver);
    }

    /**
     * <pre>
     * UpdateCode changes the fields that are present. A changed source makes the next version and activates it, unless
     * `draft` is set; an unchanged one makes none.
     * </pre>
     */
    default void updateCode(io.codeactions.v1.UpdateCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateCodeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateCodeMethod(), responseObserver);
    }

    /**
     * <pre>
     * DeleteCode takes a code away at once: it cannot be called any more, under no address. Its runs and logs stay
     * until their retention ends, and UndeleteCode brings it back for 30 days.
     * </pre>
     */
    default void deleteCode(io.codeactions.v1.DeleteCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteCodeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteCodeMethod(), responseObserver);
    }

    /**
     * <pre>
     * UndeleteCode brings a deleted code back as it was. ALREADY_EXISTS (SLUG_TAKEN) if another code took its slug.
     * </pre>
     */
    default void undeleteCode(io.codeactions.v1.UndeleteCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.UndeleteCodeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUndeleteCodeMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListCodeVersions reads a code's versions, newest first.
     * </pre>
     */
    default void listCodeVersions(io.codeactions.v1.ListCodeVersionsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListCodeVersionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListCodeVersionsMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetCodeVersion reads one version with its source.
     * </pre>
     */
    default void getCodeVersion(io.codeactions.v1.GetCodeVersionRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetCodeVersionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetCodeVersionMethod(), responseObserver);
    }

    /**
     * <pre>
     * ActivateCodeVersion publishes a draft, or rolls back to an older version. Every call that starts after the answer
     * runs that version.
     * </pre>
     */
    default void activateCodeVersion(io.codeactions.v1.ActivateCodeVersionRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ActivateCodeVersionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getActivateCodeVersionMethod(), responseObserver);
    }

    /**
     * <pre>
     * CheckCode looks for what would make a source useless: syntax, entry point, imports (in Go also types). Runs
     * nothing of it and stores nothing.
     * </pre>
     */
    default void checkCode(io.codeactions.v1.CheckCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CheckCodeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCheckCodeMethod(), responseObserver);
    }

    /**
     * <pre>
     * PutSecret stores or replaces a named value that the project's codes can read. Encrypted at rest, never read back;
     * runs that start after the answer see the new value, and their logs show `***` in its place.
     * </pre>
     */
    default void putSecret(io.codeactions.v1.PutSecretRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.PutSecretResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getPutSecretMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListSecrets reads the names and times of a project's secrets, in the order of their names.
     * </pre>
     */
    default void listSecrets(io.codeactions.v1.ListSecretsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListSecretsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListSecretsMethod(), responseObserver);
    }

    /**
     * <pre>
     * DeleteSecret takes a secret away; runs that start after the answer do not see it.
     * </pre>
     */
    default void deleteSecret(io.codeactions.v1.DeleteSecretRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteSecretResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteSecretMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service CodeService.
   * <pre>
   * CodeService stores codes and their versions, publishes and rolls back, checks sources, and keeps the secrets that
   * codes read.
   * </pre>
   */
  public static abstract class CodeServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return CodeServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service CodeService.
   * <pre>
   * CodeService stores codes and their versions, publishes and rolls back, checks sources, and keeps the secrets that
   * codes read.
   * </pre>
   */
  public static final class CodeServiceStub
      extends io.grpc.stub.AbstractAsyncStub<CodeServiceStub> {
    private CodeServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CodeServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CodeServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateCode stores a code and its first version, which becomes the active one. The source is checked first; one
     * that does not parse, or has no `Run`, is refused with SOURCE_INVALID and a position.
     * </pre>
     */
    public void createCode(io.codeactions.v1.CreateCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CreateCodeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateCodeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetCode reads one code, also a deleted one within its 30 days (its `delete_time` is set then).
     * </pre>
     */
    public void getCode(io.codeactions.v1.GetCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetCodeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetCodeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListCodes reads a project's codes, newest first.
     * </pre>
     */
    public void listCodes(io.codeactions.v1.ListCodesRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListCodesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListCodesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * UpdateCode changes the fields that are present. A changed source makes the next version and activates it, unless
     * `draft` is set; an unchanged one makes none.
     * </pre>
     */
    public void updateCode(io.codeactions.v1.UpdateCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateCodeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateCodeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * DeleteCode takes a code away at once: it cannot be called any more, under no address. Its runs and logs stay
     * until their retention ends, and UndeleteCode brings it back for 30 days.
     * </pre>
     */
    public void deleteCode(io.codeactions.v1.DeleteCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteCodeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteCodeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * UndeleteCode brings a deleted code back as it was. ALREADY_EXISTS (SLUG_TAKEN) if another code took its slug.
     * </pre>
     */
    public void undeleteCode(io.codeactions.v1.UndeleteCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.UndeleteCodeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUndeleteCodeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListCodeVersions reads a code's versions, newest first.
     * </pre>
     */
    public void listCodeVersions(io.codeactions.v1.ListCodeVersionsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListCodeVersionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListCodeVersionsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetCodeVersion reads one version with its source.
     * </pre>
     */
    public void getCodeVersion(io.codeactions.v1.GetCodeVersionRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetCodeVersionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetCodeVersionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ActivateCodeVersion publishes a draft, or rolls back to an older version. Every call that starts after the answer
     * runs that version.
     * </pre>
     */
    public void activateCodeVersion(io.codeactions.v1.ActivateCodeVersionRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ActivateCodeVersionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getActivateCodeVersionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * CheckCode looks for what would make a source useless: syntax, entry point, imports (in Go also types). Runs
     * nothing of it and stores nothing.
     * </pre>
     */
    public void checkCode(io.codeactions.v1.CheckCodeRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CheckCodeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCheckCodeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * PutSecret stores or replaces a named value that the project's codes can read. Encrypted at rest, never read back;
     * runs that start after the answer see the new value, and their logs show `***` in its place.
     * </pre>
     */
    public void putSecret(io.codeactions.v1.PutSecretRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.PutSecretResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getPutSecretMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListSecrets reads the names and times of a project's secrets, in the order of their names.
     * </pre>
     */
    public void listSecrets(io.codeactions.v1.ListSecretsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListSecretsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListSecretsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * DeleteSecret takes a secret away; runs that start after the answer do not see it.
     * </pre>
     */
    public void deleteSecret(io.codeactions.v1.DeleteSecretRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteSecretResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteSecretMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service CodeService.
   * <pre>
   * CodeService stores codes and their versions, publishes and rolls back, checks sources, and keeps the secrets that
   * codes read.
   * </pre>
   */
  public static final class CodeServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<CodeServiceBlockingV2Stub> {
    private CodeServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CodeServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CodeServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateCode stores a code and its first version, which becomes the active one. The source is checked first; one
     * that does not parse, or has no `Run`, is refused with SOURCE_INVALID and a position.
     * </pre>
     */
    public io.codeactions.v1.CreateCodeResponse createCode(io.codeactions.v1.CreateCodeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetCode reads one code, also a deleted one within its 30 days (its `delete_time` is set then).
     * </pre>
     */
    public io.codeactions.v1.GetCodeResponse getCode(io.codeactions.v1.GetCodeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListCodes reads a project's codes, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListCodesResponse listCodes(io.codeactions.v1.ListCodesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListCodesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateCode changes the fields that are present. A changed source makes the next version and activates it, unless
     * `draft` is set; an unchanged one makes none.
     * </pre>
     */
    public io.codeactions.v1.UpdateCodeResponse updateCode(io.codeactions.v1.UpdateCodeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteCode takes a code away at once: it cannot be called any more, under no address. Its runs and logs stay
     * until their retention ends, and UndeleteCode brings it back for 30 days.
     * </pre>
     */
    public io.codeactions.v1.DeleteCodeResponse deleteCode(io.codeactions.v1.DeleteCodeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UndeleteCode brings a deleted code back as it was. ALREADY_EXISTS (SLUG_TAKEN) if another code took its slug.
     * </pre>
     */
    public io.codeactions.v1.UndeleteCodeResponse undeleteCode(io.codeactions.v1.UndeleteCodeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUndeleteCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListCodeVersions reads a code's versions, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListCodeVersionsResponse listCodeVersions(io.codeactions.v1.ListCodeVersionsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListCodeVersionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetCodeVersion reads one version with its source.
     * </pre>
     */
    public io.codeactions.v1.GetCodeVersionResponse getCodeVersion(io.codeactions.v1.GetCodeVersionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetCodeVersionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ActivateCodeVersion publishes a draft, or rolls back to an older version. Every call that starts after the answer
     * runs that version.
     * </pre>
     */
    public io.codeactions.v1.ActivateCodeVersionResponse activateCodeVersion(io.codeactions.v1.ActivateCodeVersionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getActivateCodeVersionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * CheckCode looks for what would make a source useless: syntax, entry point, imports (in Go also types). Runs
     * nothing of it and stores nothing.
     * </pre>
     */
    public io.codeactions.v1.CheckCodeResponse checkCode(io.codeactions.v1.CheckCodeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCheckCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * PutSecret stores or replaces a named value that the project's codes can read. Encrypted at rest, never read back;
     * runs that start after the answer see the new value, and their logs show `***` in its place.
     * </pre>
     */
    public io.codeactions.v1.PutSecretResponse putSecret(io.codeactions.v1.PutSecretRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getPutSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListSecrets reads the names and times of a project's secrets, in the order of their names.
     * </pre>
     */
    public io.codeactions.v1.ListSecretsResponse listSecrets(io.codeactions.v1.ListSecretsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListSecretsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteSecret takes a secret away; runs that start after the answer do not see it.
     * </pre>
     */
    public io.codeactions.v1.DeleteSecretResponse deleteSecret(io.codeactions.v1.DeleteSecretRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteSecretMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service CodeService.
   * <pre>
   * CodeService stores codes and their versions, publishes and rolls back, checks sources, and keeps the secrets that
   * codes read.
   * </pre>
   */
  public static final class CodeServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<CodeServiceBlockingStub> {
    private CodeServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CodeServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CodeServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateCode stores a code and its first version, which becomes the active one. The source is checked first; one
     * that does not parse, or has no `Run`, is refused with SOURCE_INVALID and a position.
     * </pre>
     */
    public io.codeactions.v1.CreateCodeResponse createCode(io.codeactions.v1.CreateCodeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetCode reads one code, also a deleted one within its 30 days (its `delete_time` is set then).
     * </pre>
     */
    public io.codeactions.v1.GetCodeResponse getCode(io.codeactions.v1.GetCodeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListCodes reads a project's codes, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListCodesResponse listCodes(io.codeactions.v1.ListCodesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListCodesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateCode changes the fields that are present. A changed source makes the next version and activates it, unless
     * `draft` is set; an unchanged one makes none.
     * </pre>
     */
    public io.codeactions.v1.UpdateCodeResponse updateCode(io.codeactions.v1.UpdateCodeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteCode takes a code away at once: it cannot be called any more, under no address. Its runs and logs stay
     * until their retention ends, and UndeleteCode brings it back for 30 days.
     * </pre>
     */
    public io.codeactions.v1.DeleteCodeResponse deleteCode(io.codeactions.v1.DeleteCodeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UndeleteCode brings a deleted code back as it was. ALREADY_EXISTS (SLUG_TAKEN) if another code took its slug.
     * </pre>
     */
    public io.codeactions.v1.UndeleteCodeResponse undeleteCode(io.codeactions.v1.UndeleteCodeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUndeleteCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListCodeVersions reads a code's versions, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListCodeVersionsResponse listCodeVersions(io.codeactions.v1.ListCodeVersionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListCodeVersionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetCodeVersion reads one version with its source.
     * </pre>
     */
    public io.codeactions.v1.GetCodeVersionResponse getCodeVersion(io.codeactions.v1.GetCodeVersionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetCodeVersionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ActivateCodeVersion publishes a draft, or rolls back to an older version. Every call that starts after the answer
     * runs that version.
     * </pre>
     */
    public io.codeactions.v1.ActivateCodeVersionResponse activateCodeVersion(io.codeactions.v1.ActivateCodeVersionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getActivateCodeVersionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * CheckCode looks for what would make a source useless: syntax, entry point, imports (in Go also types). Runs
     * nothing of it and stores nothing.
     * </pre>
     */
    public io.codeactions.v1.CheckCodeResponse checkCode(io.codeactions.v1.CheckCodeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCheckCodeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * PutSecret stores or replaces a named value that the project's codes can read. Encrypted at rest, never read back;
     * runs that start after the answer see the new value, and their logs show `***` in its place.
     * </pre>
     */
    public io.codeactions.v1.PutSecretResponse putSecret(io.codeactions.v1.PutSecretRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getPutSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListSecrets reads the names and times of a project's secrets, in the order of their names.
     * </pre>
     */
    public io.codeactions.v1.ListSecretsResponse listSecrets(io.codeactions.v1.ListSecretsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListSecretsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteSecret takes a secret away; runs that start after the answer do not see it.
     * </pre>
     */
    public io.codeactions.v1.DeleteSecretResponse deleteSecret(io.codeactions.v1.DeleteSecretRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteSecretMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service CodeService.
   * <pre>
   * CodeService stores codes and their versions, publishes and rolls back, checks sources, and keeps the secrets that
   * codes read.
   * </pre>
   */
  public static final class CodeServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<CodeServiceFutureStub> {
    private CodeServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CodeServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CodeServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateCode stores a code and its first version, which becomes the active one. The source is checked first; one
     * that does not parse, or has no `Run`, is refused with SOURCE_INVALID and a position.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.CreateCodeResponse> createCode(
        io.codeactions.v1.CreateCodeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateCodeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetCode reads one code, also a deleted one within its 30 days (its `delete_time` is set then).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.GetCodeResponse> getCode(
        io.codeactions.v1.GetCodeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetCodeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListCodes reads a project's codes, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ListCodesResponse> listCodes(
        io.codeactions.v1.ListCodesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListCodesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * UpdateCode changes the fields that are present. A changed source makes the next version and activates it, unless
     * `draft` is set; an unchanged one makes none.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.UpdateCodeResponse> updateCode(
        io.codeactions.v1.UpdateCodeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateCodeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * DeleteCode takes a code away at once: it cannot be called any more, under no address. Its runs and logs stay
     * until their retention ends, and UndeleteCode brings it back for 30 days.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.DeleteCodeResponse> deleteCode(
        io.codeactions.v1.DeleteCodeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteCodeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * UndeleteCode brings a deleted code back as it was. ALREADY_EXISTS (SLUG_TAKEN) if another code took its slug.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.UndeleteCodeResponse> undeleteCode(
        io.codeactions.v1.UndeleteCodeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUndeleteCodeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListCodeVersions reads a code's versions, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ListCodeVersionsResponse> listCodeVersions(
        io.codeactions.v1.ListCodeVersionsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListCodeVersionsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetCodeVersion reads one version with its source.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.GetCodeVersionResponse> getCodeVersion(
        io.codeactions.v1.GetCodeVersionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetCodeVersionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ActivateCodeVersion publishes a draft, or rolls back to an older version. Every call that starts after the answer
     * runs that version.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ActivateCodeVersionResponse> activateCodeVersion(
        io.codeactions.v1.ActivateCodeVersionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getActivateCodeVersionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * CheckCode looks for what would make a source useless: syntax, entry point, imports (in Go also types). Runs
     * nothing of it and stores nothing.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.CheckCodeResponse> checkCode(
        io.codeactions.v1.CheckCodeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCheckCodeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * PutSecret stores or replaces a named value that the project's codes can read. Encrypted at rest, never read back;
     * runs that start after the answer see the new value, and their logs show `***` in its place.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.PutSecretResponse> putSecret(
        io.codeactions.v1.PutSecretRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getPutSecretMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListSecrets reads the names and times of a project's secrets, in the order of their names.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ListSecretsResponse> listSecrets(
        io.codeactions.v1.ListSecretsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListSecretsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * DeleteSecret takes a secret away; runs that start after the answer do not see it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.DeleteSecretResponse> deleteSecret(
        io.codeactions.v1.DeleteSecretRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteSecretMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_CODE = 0;
  private static final int METHODID_GET_CODE = 1;
  private static final int METHODID_LIST_CODES = 2;
  private static final int METHODID_UPDATE_CODE = 3;
  private static final int METHODID_DELETE_CODE = 4;
  private static final int METHODID_UNDELETE_CODE = 5;
  private static final int METHODID_LIST_CODE_VERSIONS = 6;
  private static final int METHODID_GET_CODE_VERSION = 7;
  private static final int METHODID_ACTIVATE_CODE_VERSION = 8;
  private static final int METHODID_CHECK_CODE = 9;
  private static final int METHODID_PUT_SECRET = 10;
  private static final int METHODID_LIST_SECRETS = 11;
  private static final int METHODID_DELETE_SECRET = 12;

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
        case METHODID_CREATE_CODE:
          serviceImpl.createCode((io.codeactions.v1.CreateCodeRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.CreateCodeResponse>) responseObserver);
          break;
        case METHODID_GET_CODE:
          serviceImpl.getCode((io.codeactions.v1.GetCodeRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.GetCodeResponse>) responseObserver);
          break;
        case METHODID_LIST_CODES:
          serviceImpl.listCodes((io.codeactions.v1.ListCodesRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ListCodesResponse>) responseObserver);
          break;
        case METHODID_UPDATE_CODE:
          serviceImpl.updateCode((io.codeactions.v1.UpdateCodeRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateCodeResponse>) responseObserver);
          break;
        case METHODID_DELETE_CODE:
          serviceImpl.deleteCode((io.codeactions.v1.DeleteCodeRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteCodeResponse>) responseObserver);
          break;
        case METHODID_UNDELETE_CODE:
          serviceImpl.undeleteCode((io.codeactions.v1.UndeleteCodeRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.UndeleteCodeResponse>) responseObserver);
          break;
        case METHODID_LIST_CODE_VERSIONS:
          serviceImpl.listCodeVersions((io.codeactions.v1.ListCodeVersionsRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ListCodeVersionsResponse>) responseObserver);
          break;
        case METHODID_GET_CODE_VERSION:
          serviceImpl.getCodeVersion((io.codeactions.v1.GetCodeVersionRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.GetCodeVersionResponse>) responseObserver);
          break;
        case METHODID_ACTIVATE_CODE_VERSION:
          serviceImpl.activateCodeVersion((io.codeactions.v1.ActivateCodeVersionRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ActivateCodeVersionResponse>) responseObserver);
          break;
        case METHODID_CHECK_CODE:
          serviceImpl.checkCode((io.codeactions.v1.CheckCodeRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.CheckCodeResponse>) responseObserver);
          break;
        case METHODID_PUT_SECRET:
          serviceImpl.putSecret((io.codeactions.v1.PutSecretRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.PutSecretResponse>) responseObserver);
          break;
        case METHODID_LIST_SECRETS:
          serviceImpl.listSecrets((io.codeactions.v1.ListSecretsRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ListSecretsResponse>) responseObserver);
          break;
        case METHODID_DELETE_SECRET:
          serviceImpl.deleteSecret((io.codeactions.v1.DeleteSecretRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteSecretResponse>) responseObserver);
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
          getCreateCodeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.CreateCodeRequest,
              io.codeactions.v1.CreateCodeResponse>(
                service, METHODID_CREATE_CODE)))
        .addMethod(
          getGetCodeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.GetCodeRequest,
              io.codeactions.v1.GetCodeResponse>(
                service, METHODID_GET_CODE)))
        .addMethod(
          getListCodesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ListCodesRequest,
              io.codeactions.v1.ListCodesResponse>(
                service, METHODID_LIST_CODES)))
        .addMethod(
          getUpdateCodeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.UpdateCodeRequest,
              io.codeactions.v1.UpdateCodeResponse>(
                service, METHODID_UPDATE_CODE)))
        .addMethod(
          getDeleteCodeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.DeleteCodeRequest,
              io.codeactions.v1.DeleteCodeResponse>(
                service, METHODID_DELETE_CODE)))
        .addMethod(
          getUndeleteCodeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.UndeleteCodeRequest,
              io.codeactions.v1.UndeleteCodeResponse>(
                service, METHODID_UNDELETE_CODE)))
        .addMethod(
          getListCodeVersionsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ListCodeVersionsRequest,
              io.codeactions.v1.ListCodeVersionsResponse>(
                service, METHODID_LIST_CODE_VERSIONS)))
        .addMethod(
          getGetCodeVersionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.GetCodeVersionRequest,
              io.codeactions.v1.GetCodeVersionResponse>(
                service, METHODID_GET_CODE_VERSION)))
        .addMethod(
          getActivateCodeVersionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ActivateCodeVersionRequest,
              io.codeactions.v1.ActivateCodeVersionResponse>(
                service, METHODID_ACTIVATE_CODE_VERSION)))
        .addMethod(
          getCheckCodeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.CheckCodeRequest,
              io.codeactions.v1.CheckCodeResponse>(
                service, METHODID_CHECK_CODE)))
        .addMethod(
          getPutSecretMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.PutSecretRequest,
              io.codeactions.v1.PutSecretResponse>(
                service, METHODID_PUT_SECRET)))
        .addMethod(
          getListSecretsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ListSecretsRequest,
              io.codeactions.v1.ListSecretsResponse>(
                service, METHODID_LIST_SECRETS)))
        .addMethod(
          getDeleteSecretMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.DeleteSecretRequest,
              io.codeactions.v1.DeleteSecretResponse>(
                service, METHODID_DELETE_SECRET)))
        .build();
  }

  private static abstract class CodeServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    CodeServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return io.codeactions.v1.CodeServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("CodeService");
    }
  }

  private static final class CodeServiceFileDescriptorSupplier
      extends CodeServiceBaseDescriptorSupplier {
    CodeServiceFileDescriptorSupplier() {}
  }

  private static final class CodeServiceMethodDescriptorSupplier
      extends CodeServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    CodeServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (CodeServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new CodeServiceFileDescriptorSupplier())
              .addMethod(getCreateCodeMethod())
              .addMethod(getGetCodeMethod())
              .addMethod(getListCodesMethod())
              .addMethod(getUpdateCodeMethod())
              .addMethod(getDeleteCodeMethod())
              .addMethod(getUndeleteCodeMethod())
              .addMethod(getListCodeVersionsMethod())
              .addMethod(getGetCodeVersionMethod())
              .addMethod(getActivateCodeVersionMethod())
              .addMethod(getCheckCodeMethod())
              .addMethod(getPutSecretMethod())
              .addMethod(getListSecretsMethod())
              .addMethod(getDeleteSecretMethod())
              .build();
        }
      }
    }
    return result;
  }
}
