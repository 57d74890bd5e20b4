package io.codeactions.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.codeactions.v1.CodeServiceGrpc;
import io.codeactions.v1.UpdateCodeRequest;
import io.codeactions.v1.UpdateCodeResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.ServerSocket;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ConnectionTest {
  private static final UpdateCodeRequest REQUEST = UpdateCodeRequest.getDefaultInstance();

  @Test
  @DisplayName("a call is not told why an earlier connection failed, but makes its own")
  void connectsAnew() throws Exception {
    ServerSocket unhappy = new ServerSocket(0);
    String address = "http://127.0.0.1:" + unhappy.getLocalPort();
    try (CodeActions client = CodeActions.builder().address(address).build()) {
      Thread closing = new Thread(() -> closeWhatComes(unhappy));
      closing.start();
      var error = assertThrows(CodeActionsException.class, () -> client.codes().updateCode(REQUEST));
      assertEquals(Status.Code.UNAVAILABLE, error.code());
      unhappy.close();
      closing.join();
      Server happy = start(unhappy.getLocalPort());
      try {
        client.codes().updateCode(REQUEST);
      } finally {
        happy.shutdownNow();
      }
    }
  }

  private static void closeWhatComes(ServerSocket server) {
    try {
      while (true) server.accept().close();
    } catch (IOException e) {
      // It was closed itself.
    }
  }

  private static Server start(int port) throws IOException {
    var codes =
        new CodeServiceGrpc.CodeServiceImplBase() {
          @Override
          public void updateCode(UpdateCodeRequest request, StreamObserver<UpdateCodeResponse> observer) {
            observer.onNext(UpdateCodeResponse.getDefaultInstance());
            observer.onCompleted();
          }
        };
    return Grpc.newServerBuilderForPort(port, InsecureServerCredentials.create()).addService(codes).build().start();
  }
}
