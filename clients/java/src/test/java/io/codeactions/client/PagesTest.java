package io.codeactions.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.codeactions.v1.CodeServiceGrpc;
import io.codeactions.v1.ListSecretsRequest;
import io.codeactions.v1.ListSecretsResponse;
import io.codeactions.v1.Secret;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class PagesTest {
  /** Three pages, of which the second is empty. */
  private static final class Secrets extends CodeServiceGrpc.CodeServiceImplBase {
    final List<String> asked = new CopyOnWriteArrayList<>();

    @Override
    public void listSecrets(ListSecretsRequest request, StreamObserver<ListSecretsResponse> observer) {
      asked.add(request.getPageToken() + ":" + request.getPageSize());
      ListSecretsResponse.Builder page = ListSecretsResponse.newBuilder();
      switch (request.getPageToken()) {
        case "" -> page.addSecrets(secret("a")).addSecrets(secret("b")).setNextPageToken("2");
        case "2" -> page.setNextPageToken("3");
        default -> page.addSecrets(secret("c"));
      }
      observer.onNext(page.build());
      observer.onCompleted();
    }

    private static Secret secret(String name) {
      return Secret.newBuilder().setName(name).build();
    }
  }

  @Test
  @DisplayName("every item of every page comes once, in order, each time it is asked for")
  void all() throws Exception {
    Secrets secrets = new Secrets();
    try (TestService service = new TestService(secrets)) {
      Pages<Secret> pages = service.client.codes().listAllSecrets(ListSecretsRequest.getDefaultInstance());
      assertEquals(List.of("a", "b", "c"), pages.stream().map(Secret::getName).toList());
      assertEquals(List.of("a", "b", "c"), pages.stream().map(Secret::getName).toList());
    }
    assertEquals(List.of(":100", "2:100", "3:100", ":100", "2:100", "3:100"), secrets.asked);
  }

  @Test
  @DisplayName("a page is read when its first item is asked for")
  void lazily() throws Exception {
    Secrets secrets = new Secrets();
    try (TestService service = new TestService(secrets)) {
      var items = service.client.codes().listAllSecrets(ListSecretsRequest.getDefaultInstance()).iterator();
      assertEquals(List.of(), secrets.asked);
      items.next();
      items.next();
      assertEquals(List.of(":100"), secrets.asked);
    }
  }

  @Test
  @DisplayName("the request says where to begin, and how large pages are")
  void fromRequest() throws Exception {
    Secrets secrets = new Secrets();
    try (TestService service = new TestService(secrets)) {
      var request = ListSecretsRequest.newBuilder().setPageToken("2").setPageSize(7).build();
      var names = service.client.codes().listAllSecrets(request).stream().map(Secret::getName).toList();
      assertEquals(List.of("c"), names);
    }
    assertEquals(List.of("2:7", "3:7"), secrets.asked);
  }
}
