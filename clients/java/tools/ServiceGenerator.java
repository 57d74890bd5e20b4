import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A plugin of protoc: writes one class per service, whose methods are the contract's unary methods with deadlines,
 * retries and typed errors, and for each list method one that reads all of its pages.
 */
public final class ServiceGenerator {
  private static final String PACKAGE = "io.codeactions.client";

  private final FileDescriptor file;
  private final ServiceDescriptor service;
  private final TreeSet<String> imports = new TreeSet<>();

  private ServiceGenerator(ServiceDescriptor service) {
    this.file = service.getFile();
    this.service = service;
  }

  public static void main(String[] arguments) throws Exception {
    CodeGeneratorRequest request = CodeGeneratorRequest.parseFrom(System.in);
    CodeGeneratorResponse.Builder response = CodeGeneratorResponse.newBuilder();
    response.setSupportedFeatures(CodeGeneratorResponse.Feature.FEATURE_PROTO3_OPTIONAL_VALUE);
    Map<String, FileDescriptor> files = new HashMap<>();
    for (FileDescriptorProto proto : request.getProtoFileList()) {
      FileDescriptor[] imported = proto.getDependencyList().stream().map(files::get).toArray(FileDescriptor[]::new);
      files.put(proto.getName(), FileDescriptor.buildFrom(proto, imported));
    }
    for (String name : request.getFileToGenerateList()) {
      for (ServiceDescriptor service : files.get(name).getServices()) {
        response
            .addFileBuilder()
            .setName(PACKAGE.replace('.', '/') + "/" + service.getName() + ".java")
            .setContent(new ServiceGenerator(service).source());
      }
    }
    response.build().writeTo(System.out);
  }

  private String source() {
    String name = service.getName();
    imports.add("java.time.Duration");
    imports.add(file.getOptions().getJavaPackage() + "." + name + "Grpc");
    StringBuilder methods = new StringBuilder();
    for (MethodDescriptor method : service.getMethods()) {
      if (method.isServerStreaming() || method.isClientStreaming()) continue;
      methods.append(call(method));
      if (isList(method)) methods.append(all(method));
    }
    String importLines = imports.stream().map(type -> "import " + type + ";\n").reduce("", String::concat);
    return """
        // Written by clients/java/tools/ServiceGenerator.java from the contract. Do not edit.
        package %s;

        %s
        /**
        %s *
         * <p>Calls block until they are answered, have a deadline, are sent again where that does nothing twice, and throw
         * {@link CodeActionsException}. What streams is followed with {@link CodeActions}. Safe for use by many threads.
         */
        public final class %s {
          private final Calls calls;
          private final Duration timeout;

          %s(Calls calls, Duration timeout) {
            this.calls = calls;
            this.timeout = timeout;
          }

          /**
           * The same service with another deadline, which also bounds what is sent again.
           *
           * @param timeout how long each call may take; more than zero
           * @return the service, over the same connection
           */
          public %s withTimeout(Duration timeout) {
            return new %s(calls, Calls.checked(timeout));
          }
        %s}
        """
        .formatted(PACKAGE, importLines, comment("", 6, service.getIndex()), name, name, name, name, methods);
  }

  private String call(MethodDescriptor method) {
    String input = typeOf(method.getInputType());
    String output = typeOf(method.getOutputType());
    return """

          /**
        %s   *
           * @param request what the call needs
           * @return what the service answers
           */
          public %s %s(%s request) {
            return calls.call(%sGrpc.get%sMethod(), request, timeout);
          }
        """
        .formatted(
            comment("  ", 6, service.getIndex(), 2, method.getIndex()),
            output,
            inLowerCase(method.getName()),
            input,
            service.getName(),
            method.getName());
  }

  private String all(MethodDescriptor method) {
    FieldDescriptor items = itemsOf(method);
    return """

          /**
           * Reads everything that {@link #%s} answers, page after page, from the request's page token on.
           *
           * @param request what to list; pages have 100 items unless it says otherwise
           * @return the items, each page read when the one before it is used up
           */
          public Pages<%s> %s(%s request) {
            return new Pages<>(
                request.getPageToken(),
                token -> {
                  int size = Pages.sizeFor(request.getPageSize());
                  var page = %s(request.toBuilder().setPageSize(size).setPageToken(token).build());
                  return new Pages.Page<>(page.get%sList(), page.getNextPageToken());
                });
          }
        """
        .formatted(
            inLowerCase(method.getName()),
            typeOf(items.getMessageType()),
            inLowerCase(method.getName().replaceFirst("List", "ListAll")),
            typeOf(method.getInputType()),
            inLowerCase(method.getName()),
            inUpperCase(items.getJsonName()));
  }

  private static boolean isList(MethodDescriptor method) {
    return method.getOutputType().findFieldByName("next_page_token") != null;
  }

  private static FieldDescriptor itemsOf(MethodDescriptor method) {
    return method.getOutputType().getFields().stream().filter(FieldDescriptor::isRepeated).findFirst().orElseThrow();
  }

  private String typeOf(Descriptor message) {
    imports.add(message.getFile().getOptions().getJavaPackage() + "." + message.getName());
    return message.getName();
  }

  /** What the contract says about the element at this path, as lines of a documentation comment. */
  private String comment(String indent, Integer... path) {
    String text =
        file.toProto().getSourceCodeInfo().getLocationList().stream()
            .filter(location -> location.getPathList().equals(List.of(path)))
            .map(Location::getLeadingComments)
            .findFirst()
            .orElseThrow()
            .strip();
    // "GetRun reads one run." begins with a verb here, as documentation of Java does.
    String verb = text.substring(text.indexOf(' ') + 1);
    StringBuilder lines = new StringBuilder();
    for (String line : inUpperCase(verb).split("\n")) {
      String escaped = line.strip().replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;");
      lines.append((indent + " * " + escaped.replaceAll("`([^`]*)`", "{@code $1}")).stripTrailing()).append('\n');
    }
    return lines.toString().replaceAll("(?m)^( *\\*)\\n( *\\* )(?=\\S)", "$1\n$2<p>");
  }

  private static String inLowerCase(String name) {
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }

  private static String inUpperCase(String name) {
    return Character.toUpperCase(name.charAt(0)) + name.substring(1);
  }
}
