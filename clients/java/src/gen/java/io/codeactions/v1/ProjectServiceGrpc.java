package io.codeactions.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * ProjectService keeps projects and the tokens that open them.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class ProjectServiceGrpc {

  private ProjectServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "codeactions.v1.ProjectService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.CreateProjectRequest,
      io.codeactions.v1.CreateProjectResponse> getCreateProjectMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateProject",
      requestType = io.codeactions.v1.CreateProjectRequest.class,
      responseType = io.codeactions.v1.CreateProjectResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.CreateProjectRequest,
      io.codeactions.v1.CreateProjectResponse> getCreateProjectMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.CreateProjectRequest, io.codeactions.v1.CreateProjectResponse> getCreateProjectMethod;
    if ((getCreateProjectMethod = ProjectServiceGrpc.getCreateProjectMethod) == null) {
      synchronized (ProjectServiceGrpc.class) {
        if ((getCreateProjectMethod = ProjectServiceGrpc.getCreateProjectMethod) == null) {
          ProjectServiceGrpc.getCreateProjectMethod = getCreateProjectMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.CreateProjectRequest, io.codeactions.v1.CreateProjectResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateProject"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CreateProjectRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CreateProjectResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProjectServiceMethodDescriptorSupplier("CreateProject"))
              .build();
        }
      }
    }
    return getCreateProjectMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.GetProjectRequest,
      io.codeactions.v1.GetProjectResponse> getGetProjectMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetProject",
      requestType = io.codeactions.v1.GetProjectRequest.class,
      responseType = io.codeactions.v1.GetProjectResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.GetProjectRequest,
      io.codeactions.v1.GetProjectResponse> getGetProjectMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.GetProjectRequest, io.codeactions.v1.GetProjectResponse> getGetProjectMethod;
    if ((getGetProjectMethod = ProjectServiceGrpc.getGetProjectMethod) == null) {
      synchronized (ProjectServiceGrpc.class) {
        if ((getGetProjectMethod = ProjectServiceGrpc.getGetProjectMethod) == null) {
          ProjectServiceGrpc.getGetProjectMethod = getGetProjectMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.GetProjectRequest, io.codeactions.v1.GetProjectResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetProject"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetProjectRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.GetProjectResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProjectServiceMethodDescriptorSupplier("GetProject"))
              .build();
        }
      }
    }
    return getGetProjectMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ListProjectsRequest,
      io.codeactions.v1.ListProjectsResponse> getListProjectsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListProjects",
      requestType = io.codeactions.v1.ListProjectsRequest.class,
      responseType = io.codeactions.v1.ListProjectsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ListProjectsRequest,
      io.codeactions.v1.ListProjectsResponse> getListProjectsMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ListProjectsRequest, io.codeactions.v1.ListProjectsResponse> getListProjectsMethod;
    if ((getListProjectsMethod = ProjectServiceGrpc.getListProjectsMethod) == null) {
      synchronized (ProjectServiceGrpc.class) {
        if ((getListProjectsMethod = ProjectServiceGrpc.getListProjectsMethod) == null) {
          ProjectServiceGrpc.getListProjectsMethod = getListProjectsMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ListProjectsRequest, io.codeactions.v1.ListProjectsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListProjects"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListProjectsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListProjectsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProjectServiceMethodDescriptorSupplier("ListProjects"))
              .build();
        }
      }
    }
    return getListProjectsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.UpdateProjectRequest,
      io.codeactions.v1.UpdateProjectResponse> getUpdateProjectMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateProject",
      requestType = io.codeactions.v1.UpdateProjectRequest.class,
      responseType = io.codeactions.v1.UpdateProjectResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.UpdateProjectRequest,
      io.codeactions.v1.UpdateProjectResponse> getUpdateProjectMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.UpdateProjectRequest, io.codeactions.v1.UpdateProjectResponse> getUpdateProjectMethod;
    if ((getUpdateProjectMethod = ProjectServiceGrpc.getUpdateProjectMethod) == null) {
      synchronized (ProjectServiceGrpc.class) {
        if ((getUpdateProjectMethod = ProjectServiceGrpc.getUpdateProjectMethod) == null) {
          ProjectServiceGrpc.getUpdateProjectMethod = getUpdateProjectMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.UpdateProjectRequest, io.codeactions.v1.UpdateProjectResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateProject"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.UpdateProjectRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.UpdateProjectResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProjectServiceMethodDescriptorSupplier("UpdateProject"))
              .build();
        }
      }
    }
    return getUpdateProjectMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.DeleteProjectRequest,
      io.codeactions.v1.DeleteProjectResponse> getDeleteProjectMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteProject",
      requestType = io.codeactions.v1.DeleteProjectRequest.class,
      responseType = io.codeactions.v1.DeleteProjectResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.DeleteProjectRequest,
      io.codeactions.v1.DeleteProjectResponse> getDeleteProjectMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.DeleteProjectRequest, io.codeactions.v1.DeleteProjectResponse> getDeleteProjectMethod;
    if ((getDeleteProjectMethod = ProjectServiceGrpc.getDeleteProjectMethod) == null) {
      synchronized (ProjectServiceGrpc.class) {
        if ((getDeleteProjectMethod = ProjectServiceGrpc.getDeleteProjectMethod) == null) {
          ProjectServiceGrpc.getDeleteProjectMethod = getDeleteProjectMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.DeleteProjectRequest, io.codeactions.v1.DeleteProjectResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteProject"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.DeleteProjectRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.DeleteProjectResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProjectServiceMethodDescriptorSupplier("DeleteProject"))
              .build();
        }
      }
    }
    return getDeleteProjectMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.CreateTokenRequest,
      io.codeactions.v1.CreateTokenResponse> getCreateTokenMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateToken",
      requestType = io.codeactions.v1.CreateTokenRequest.class,
      responseType = io.codeactions.v1.CreateTokenResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.CreateTokenRequest,
      io.codeactions.v1.CreateTokenResponse> getCreateTokenMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.CreateTokenRequest, io.codeactions.v1.CreateTokenResponse> getCreateTokenMethod;
    if ((getCreateTokenMethod = ProjectServiceGrpc.getCreateTokenMethod) == null) {
      synchronized (ProjectServiceGrpc.class) {
        if ((getCreateTokenMethod = ProjectServiceGrpc.getCreateTokenMethod) == null) {
          ProjectServiceGrpc.getCreateTokenMethod = getCreateTokenMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.CreateTokenRequest, io.codeactions.v1.CreateTokenResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateToken"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CreateTokenRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.CreateTokenResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProjectServiceMethodDescriptorSupplier("CreateToken"))
              .build();
        }
      }
    }
    return getCreateTokenMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.ListTokensRequest,
      io.codeactions.v1.ListTokensResponse> getListTokensMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListTokens",
      requestType = io.codeactions.v1.ListTokensRequest.class,
      responseType = io.codeactions.v1.ListTokensResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.ListTokensRequest,
      io.codeactions.v1.ListTokensResponse> getListTokensMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.ListTokensRequest, io.codeactions.v1.ListTokensResponse> getListTokensMethod;
    if ((getListTokensMethod = ProjectServiceGrpc.getListTokensMethod) == null) {
      synchronized (ProjectServiceGrpc.class) {
        if ((getListTokensMethod = ProjectServiceGrpc.getListTokensMethod) == null) {
          ProjectServiceGrpc.getListTokensMethod = getListTokensMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.ListTokensRequest, io.codeactions.v1.ListTokensResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListTokens"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListTokensRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.ListTokensResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProjectServiceMethodDescriptorSupplier("ListTokens"))
              .build();
        }
      }
    }
    return getListTokensMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.codeactions.v1.RevokeTokenRequest,
      io.codeactions.v1.RevokeTokenResponse> getRevokeTokenMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RevokeToken",
      requestType = io.codeactions.v1.RevokeTokenRequest.class,
      responseType = io.codeactions.v1.RevokeTokenResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.codeactions.v1.RevokeTokenRequest,
      io.codeactions.v1.RevokeTokenResponse> getRevokeTokenMethod() {
    io.grpc.MethodDescriptor<io.codeactions.v1.RevokeTokenRequest, io.codeactions.v1.RevokeTokenResponse> getRevokeTokenMethod;
    if ((getRevokeTokenMethod = ProjectServiceGrpc.getRevokeTokenMethod) == null) {
      synchronized (ProjectServiceGrpc.class) {
        if ((getRevokeTokenMethod = ProjectServiceGrpc.getRevokeTokenMethod) == null) {
          ProjectServiceGrpc.getRevokeTokenMethod = getRevokeTokenMethod =
              io.grpc.MethodDescriptor.<io.codeactions.v1.RevokeTokenRequest, io.codeactions.v1.RevokeTokenResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RevokeToken"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.RevokeTokenRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.codeactions.v1.RevokeTokenResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProjectServiceMethodDescriptorSupplier("RevokeToken"))
              .build();
        }
      }
    }
    return getRevokeTokenMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static ProjectServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ProjectServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ProjectServiceStub>() {
        @java.lang.Override
        public ProjectServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ProjectServiceStub(channel, callOptions);
        }
      };
    return ProjectServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static ProjectServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ProjectServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ProjectServiceBlockingV2Stub>() {
        @java.lang.Override
        public ProjectServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ProjectServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return ProjectServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static ProjectServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ProjectServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ProjectServiceBlockingStub>() {
        @java.lang.Override
        public ProjectServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ProjectServiceBlockingStub(channel, callOptions);
        }
      };
    return ProjectServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static ProjectServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ProjectServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ProjectServiceFutureStub>() {
        @java.lang.Override
        public ProjectServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ProjectServiceFutureStub(channel, callOptions);
        }
      };
    return ProjectServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * ProjectService keeps projects and the tokens that open them.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * CreateProject makes a project. For the operator's token only.
     * </pre>
     */
    default void createProject(io.codeactions.v1.CreateProjectRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CreateProjectResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateProjectMethod(), responseObserver);
    }

    /**
     * <pre>
     * GetProject reads one project.
     * </pre>
     */
    default void getProject(io.codeactions.v1.GetProjectRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetProjectResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetProjectMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListProjects reads the projects the caller has a role in, newest first.
     * </pre>
     */
    default void listProjects(io.codeactions.v1.ListProjectsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListProjectsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListProjectsMethod(), responseObserver);
    }

    /**
     * <pre>
     * UpdateProject changes the fields that are present.
     * </pre>
     */
    default void updateProject(io.codeactions.v1.UpdateProjectRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateProjectResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateProjectMethod(), responseObserver);
    }

    /**
     * <pre>
     * DeleteProject takes a project away at once, with all that it owns; the rows are purged 30 days later. For the
     * operator's token only.
     * </pre>
     */
    default void deleteProject(io.codeactions.v1.DeleteProjectRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteProjectResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteProjectMethod(), responseObserver);
    }

    /**
     * <pre>
     * CreateToken makes a credential for the project and shows its secret, once.
     * </pre>
     */
    default void createToken(io.codeactions.v1.CreateTokenRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CreateTokenResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateTokenMethod(), responseObserver);
    }

    /**
     * <pre>
     * ListTokens reads the project's tokens, newest first, without their secrets.
     * </pre>
     */
    default void listTokens(io.codeactions.v1.ListTokensRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListTokensResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListTokensMethod(), responseObserver);
    }

    /**
     * <pre>
     * RevokeToken makes a token worthless: calls that arrive after the answer are refused.
     * </pre>
     */
    default void revokeToken(io.codeactions.v1.RevokeTokenRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.RevokeTokenResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRevokeTokenMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service ProjectService.
   * <pre>
   * ProjectService keeps projects and the tokens that open them.
   * </pre>
   */
  public static abstract class ProjectServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return ProjectServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service ProjectService.
   * <pre>
   * ProjectService keeps projects and the tokens that open them.
   * </pre>
   */
  public static final class ProjectServiceStub
      extends io.grpc.stub.AbstractAsyncStub<ProjectServiceStub> {
    private ProjectServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ProjectServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ProjectServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateProject makes a project. For the operator's token only.
     * </pre>
     */
    public void createProject(io.codeactions.v1.CreateProjectRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CreateProjectResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateProjectMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * GetProject reads one project.
     * </pre>
     */
    public void getProject(io.codeactions.v1.GetProjectRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.GetProjectResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetProjectMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListProjects reads the projects the caller has a role in, newest first.
     * </pre>
     */
    public void listProjects(io.codeactions.v1.ListProjectsRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListProjectsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListProjectsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * UpdateProject changes the fields that are present.
     * </pre>
     */
    public void updateProject(io.codeactions.v1.UpdateProjectRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateProjectResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateProjectMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * DeleteProject takes a project away at once, with all that it owns; the rows are purged 30 days later. For the
     * operator's token only.
     * </pre>
     */
    public void deleteProject(io.codeactions.v1.DeleteProjectRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteProjectResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteProjectMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * CreateToken makes a credential for the project and shows its secret, once.
     * </pre>
     */
    public void createToken(io.codeactions.v1.CreateTokenRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.CreateTokenResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateTokenMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * ListTokens reads the project's tokens, newest first, without their secrets.
     * </pre>
     */
    public void listTokens(io.codeactions.v1.ListTokensRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.ListTokensResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListTokensMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * RevokeToken makes a token worthless: calls that arrive after the answer are refused.
     * </pre>
     */
    public void revokeToken(io.codeactions.v1.RevokeTokenRequest request,
        io.grpc.stub.StreamObserver<io.codeactions.v1.RevokeTokenResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRevokeTokenMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service ProjectService.
   * <pre>
   * ProjectService keeps projects and the tokens that open them.
   * </pre>
   */
  public static final class ProjectServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<ProjectServiceBlockingV2Stub> {
    private ProjectServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ProjectServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ProjectServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateProject makes a project. For the operator's token only.
     * </pre>
     */
    public io.codeactions.v1.CreateProjectResponse createProject(io.codeactions.v1.CreateProjectRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateProjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetProject reads one project.
     * </pre>
     */
    public io.codeactions.v1.GetProjectResponse getProject(io.codeactions.v1.GetProjectRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetProjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListProjects reads the projects the caller has a role in, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListProjectsResponse listProjects(io.codeactions.v1.ListProjectsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListProjectsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateProject changes the fields that are present.
     * </pre>
     */
    public io.codeactions.v1.UpdateProjectResponse updateProject(io.codeactions.v1.UpdateProjectRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateProjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteProject takes a project away at once, with all that it owns; the rows are purged 30 days later. For the
     * operator's token only.
     * </pre>
     */
    public io.codeactions.v1.DeleteProjectResponse deleteProject(io.codeactions.v1.DeleteProjectRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteProjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * CreateToken makes a credential for the project and shows its secret, once.
     * </pre>
     */
    public io.codeactions.v1.CreateTokenResponse createToken(io.codeactions.v1.CreateTokenRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateTokenMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListTokens reads the project's tokens, newest first, without their secrets.
     * </pre>
     */
    public io.codeactions.v1.ListTokensResponse listTokens(io.codeactions.v1.ListTokensRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListTokensMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * RevokeToken makes a token worthless: calls that arrive after the answer are refused.
     * </pre>
     */
    public io.codeactions.v1.RevokeTokenResponse revokeToken(io.codeactions.v1.RevokeTokenRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRevokeTokenMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service ProjectService.
   * <pre>
   * ProjectService keeps projects and the tokens that open them.
   * </pre>
   */
  public static final class ProjectServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<ProjectServiceBlockingStub> {
    private ProjectServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ProjectServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ProjectServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateProject makes a project. For the operator's token only.
     * </pre>
     */
    public io.codeactions.v1.CreateProjectResponse createProject(io.codeactions.v1.CreateProjectRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateProjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * GetProject reads one project.
     * </pre>
     */
    public io.codeactions.v1.GetProjectResponse getProject(io.codeactions.v1.GetProjectRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetProjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListProjects reads the projects the caller has a role in, newest first.
     * </pre>
     */
    public io.codeactions.v1.ListProjectsResponse listProjects(io.codeactions.v1.ListProjectsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListProjectsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * UpdateProject changes the fields that are present.
     * </pre>
     */
    public io.codeactions.v1.UpdateProjectResponse updateProject(io.codeactions.v1.UpdateProjectRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateProjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * DeleteProject takes a project away at once, with all that it owns; the rows are purged 30 days later. For the
     * operator's token only.
     * </pre>
     */
    public io.codeactions.v1.DeleteProjectResponse deleteProject(io.codeactions.v1.DeleteProjectRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteProjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * CreateToken makes a credential for the project and shows its secret, once.
     * </pre>
     */
    public io.codeactions.v1.CreateTokenResponse createToken(io.codeactions.v1.CreateTokenRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateTokenMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * ListTokens reads the project's tokens, newest first, without their secrets.
     * </pre>
     */
    public io.codeactions.v1.ListTokensResponse listTokens(io.codeactions.v1.ListTokensRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListTokensMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * RevokeToken makes a token worthless: calls that arrive after the answer are refused.
     * </pre>
     */
    public io.codeactions.v1.RevokeTokenResponse revokeToken(io.codeactions.v1.RevokeTokenRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRevokeTokenMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service ProjectService.
   * <pre>
   * ProjectService keeps projects and the tokens that open them.
   * </pre>
   */
  public static final class ProjectServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<ProjectServiceFutureStub> {
    private ProjectServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ProjectServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ProjectServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * CreateProject makes a project. For the operator's token only.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.CreateProjectResponse> createProject(
        io.codeactions.v1.CreateProjectRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateProjectMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * GetProject reads one project.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.GetProjectResponse> getProject(
        io.codeactions.v1.GetProjectRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetProjectMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListProjects reads the projects the caller has a role in, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ListProjectsResponse> listProjects(
        io.codeactions.v1.ListProjectsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListProjectsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * UpdateProject changes the fields that are present.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.UpdateProjectResponse> updateProject(
        io.codeactions.v1.UpdateProjectRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateProjectMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * DeleteProject takes a project away at once, with all that it owns; the rows are purged 30 days later. For the
     * operator's token only.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.DeleteProjectResponse> deleteProject(
        io.codeactions.v1.DeleteProjectRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteProjectMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * CreateToken makes a credential for the project and shows its secret, once.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.CreateTokenResponse> createToken(
        io.codeactions.v1.CreateTokenRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateTokenMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * ListTokens reads the project's tokens, newest first, without their secrets.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.ListTokensResponse> listTokens(
        io.codeactions.v1.ListTokensRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListTokensMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * RevokeToken makes a token worthless: calls that arrive after the answer are refused.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.codeactions.v1.RevokeTokenResponse> revokeToken(
        io.codeactions.v1.RevokeTokenRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRevokeTokenMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_PROJECT = 0;
  private static final int METHODID_GET_PROJECT = 1;
  private static final int METHODID_LIST_PROJECTS = 2;
  private static final int METHODID_UPDATE_PROJECT = 3;
  private static final int METHODID_DELETE_PROJECT = 4;
  private static final int METHODID_CREATE_TOKEN = 5;
  private static final int METHODID_LIST_TOKENS = 6;
  private static final int METHODID_REVOKE_TOKEN = 7;

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
        case METHODID_CREATE_PROJECT:
          serviceImpl.createProject((io.codeactions.v1.CreateProjectRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.CreateProjectResponse>) responseObserver);
          break;
        case METHODID_GET_PROJECT:
          serviceImpl.getProject((io.codeactions.v1.GetProjectRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.GetProjectResponse>) responseObserver);
          break;
        case METHODID_LIST_PROJECTS:
          serviceImpl.listProjects((io.codeactions.v1.ListProjectsRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ListProjectsResponse>) responseObserver);
          break;
        case METHODID_UPDATE_PROJECT:
          serviceImpl.updateProject((io.codeactions.v1.UpdateProjectRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.UpdateProjectResponse>) responseObserver);
          break;
        case METHODID_DELETE_PROJECT:
          serviceImpl.deleteProject((io.codeactions.v1.DeleteProjectRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.DeleteProjectResponse>) responseObserver);
          break;
        case METHODID_CREATE_TOKEN:
          serviceImpl.createToken((io.codeactions.v1.CreateTokenRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.CreateTokenResponse>) responseObserver);
          break;
        case METHODID_LIST_TOKENS:
          serviceImpl.listTokens((io.codeactions.v1.ListTokensRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.ListTokensResponse>) responseObserver);
          break;
        case METHODID_REVOKE_TOKEN:
          serviceImpl.revokeToken((io.codeactions.v1.RevokeTokenRequest) request,
              (io.grpc.stub.StreamObserver<io.codeactions.v1.RevokeTokenResponse>) responseObserver);
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
          getCreateProjectMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.CreateProjectRequest,
              io.codeactions.v1.CreateProjectResponse>(
                service, METHODID_CREATE_PROJECT)))
        .addMethod(
          getGetProjectMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.GetProjectRequest,
              io.codeactions.v1.GetProjectResponse>(
                service, METHODID_GET_PROJECT)))
        .addMethod(
          getListProjectsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ListProjectsRequest,
              io.codeactions.v1.ListProjectsResponse>(
                service, METHODID_LIST_PROJECTS)))
        .addMethod(
          getUpdateProjectMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.UpdateProjectRequest,
              io.codeactions.v1.UpdateProjectResponse>(
                service, METHODID_UPDATE_PROJECT)))
        .addMethod(
          getDeleteProjectMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.DeleteProjectRequest,
              io.codeactions.v1.DeleteProjectResponse>(
                service, METHODID_DELETE_PROJECT)))
        .addMethod(
          getCreateTokenMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.CreateTokenRequest,
              io.codeactions.v1.CreateTokenResponse>(
                service, METHODID_CREATE_TOKEN)))
        .addMethod(
          getListTokensMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.ListTokensRequest,
              io.codeactions.v1.ListTokensResponse>(
                service, METHODID_LIST_TOKENS)))
        .addMethod(
          getRevokeTokenMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.codeactions.v1.RevokeTokenRequest,
              io.codeactions.v1.RevokeTokenResponse>(
                service, METHODID_REVOKE_TOKEN)))
        .build();
  }

  private static abstract class ProjectServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    ProjectServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return io.codeactions.v1.ProjectServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("ProjectService");
    }
  }

  private static final class ProjectServiceFileDescriptorSupplier
      extends ProjectServiceBaseDescriptorSupplier {
    ProjectServiceFileDescriptorSupplier() {}
  }

  private static final class ProjectServiceMethodDescriptorSupplier
      extends ProjectServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    ProjectServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (ProjectServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new ProjectServiceFileDescriptorSupplier())
              .addMethod(getCreateProjectMethod())
              .addMethod(getGetProjectMethod())
              .addMethod(getListProjectsMethod())
              .addMethod(getUpdateProjectMethod())
              .addMethod(getDeleteProjectMethod())
              .addMethod(getCreateTokenMethod())
              .addMethod(getListTokensMethod())
              .addMethod(getRevokeTokenMethod())
              .build();
        }
      }
    }
    return result;
  }
}
