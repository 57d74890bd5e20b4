package io.codeactions.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.codeactions.v1.CodeServiceGrpc;
import io.codeactions.v1.GetCodeRequest;
import io.codeactions.v1.GetCodeResponse;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Over a real connection, to a service that asks for a certificate. */
class TlsTest {
  private static final GetCodeRequest REQUEST = GetCodeRequest.getDefaultInstance();

  @TempDir static Path folder;
  private static Path certificate;
  private static Path key;
  private Server server;
  private volatile Metadata shown;

  /** One that signs itself, by the tool that comes with Java. */
  @BeforeAll
  static void makeCertificate() throws Exception {
    Path store = folder.resolve("store.p12");
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    new ProcessBuilder(
            keytool, "-genkeypair", "-keyalg", "EC", "-alias", "test", "-dname", "CN=localhost",
            "-ext", "san=dns:localhost", "-storepass", "password", "-keystore", store.toString())
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("keytool.log").toFile())
        .start()
        .waitFor();
    KeyStore keys = KeyStore.getInstance(store.toFile(), "password".toCharArray());
    certificate = write("certificate.pem", "CERTIFICATE", keys.getCertificate("test").getEncoded());
    key = write("key.pem", "PRIVATE KEY", keys.getKey("test", "password".toCharArray()).getEncoded());
  }

  @BeforeEach
  void start() throws Exception {
    ServerCredentials credentials =
        TlsServerCredentials.newBuilder()
            .keyManager(certificate.toFile(), key.toFile())
            .trustManager(certificate.toFile())
            .clientAuth(ClientAuth.REQUIRE)
            .build();
    var codes =
        new CodeServiceGrpc.CodeServiceImplBase() {
          @Override
          public void getCode(GetCodeRequest request, StreamObserver<GetCodeResponse> observer) {
            observer.onNext(GetCodeResponse.getDefaultInstance());
            observer.onCompleted();
          }
        };
    server =
        Grpc.newServerBuilderForPort(0, credentials).addService(codes).intercept(new Showing()).build().start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    server.shutdownNow().awaitTermination();
  }

  @Test
  @DisplayName("an https address is spoken to over TLS, with authorities and a certificate of one's own")
  void mutual() {
    try (CodeActions client = settings().clientCertificate(certificate, key).build()) {
      client.codes().getCode(REQUEST);
    }
    String userAgent = header("user-agent");
    assertTrue(userAgent.startsWith("codeactions-java/" + CodeActions.VERSION + " "), userAgent);
    assertEquals("Bearer a-token", header("authorization"));
    assertNull(header("grpc-accept-encoding"));
  }

  @Test
  @DisplayName("a handshake that fails is UNAVAILABLE")
  void refused() {
    try (CodeActions client = settings().build()) {
      var error = assertThrows(CodeActionsException.class, () -> client.codes().getCode(REQUEST));
      assertEquals(Status.Code.UNAVAILABLE, error.code());
    }
  }

  private CodeActionsBuilder settings() {
    return CodeActions.builder()
        .address("https://localhost:" + server.getPort())
        .token("a-token")
        .timeout(Duration.ofSeconds(10))
        .trustCertificates(certificate);
  }

  private String header(String name) {
    return shown.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
  }

  private static Path write(String name, String kind, byte[] content) throws Exception {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return Files.writeString(
        folder.resolve(name), "-----BEGIN " + kind + "-----\n" + lines + "\n-----END " + kind + "-----\n");
  }

  private final class Showing implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      shown = headers;
      return next.startCall(call, headers);
    }
  }
}
