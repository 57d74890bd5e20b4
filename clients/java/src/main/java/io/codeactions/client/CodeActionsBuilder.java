package io.codeactions.client;

import io.grpc.ChannelCredentials;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** How to reach a service, and how patient to be. Everything has a default. */
public final class CodeActionsBuilder {
  /** What the service sends at most is 4 MiB; the rest is headroom. */
  private static final int MESSAGE_BYTES_MAX = 5 * 1024 * 1024;

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private String address = fromEnvironment("CODEACTIONS_ADDRESS", "http://127.0.0.1:8050");
  private String token = fromEnvironment("CODEACTIONS_TOKEN", "");
  private Duration timeout = Duration.ofSeconds(30);
  private Duration runTimeout = Duration.ofSeconds(960);
  private Duration giveUpAfter = Duration.ofMinutes(5);
  private Path authorities;
  private Path certificate;
  private Path key;
  private ManagedChannelBuilder<?> channel;

  CodeActionsBuilder() {}

  /**
   * Where the service is. {@code CODEACTIONS_ADDRESS} unless given, and {@code http://127.0.0.1:8050} without that.
   *
   * @param address as {@code https://code.example.org}; {@code https} means TLS
   * @return this
   */
  public CodeActionsBuilder address(String address) {
    this.address = address;
    return this;
  }

  /**
   * The token to show. {@code CODEACTIONS_TOKEN} unless given.
   *
   * @param token the token; empty for none
   * @return this
   */
  public CodeActionsBuilder token(String token) {
    this.token = token;
    return this;
  }

  /**
   * The deadline of a call that is given none, retries included. 30 seconds unless given.
   *
   * @param timeout more than zero
   * @return this
   */
  public CodeActionsBuilder timeout(Duration timeout) {
    this.timeout = Calls.checked(timeout);
    return this;
  }

  /**
   * The same for RunCode, which waits for a run to end. 960 seconds unless given.
   *
   * @param runTimeout more than zero
   * @return this
   */
  public CodeActionsBuilder runTimeout(Duration runTimeout) {
    this.runTimeout = Calls.checked(runTimeout);
    return this;
  }

  /**
   * How long a followed stream may be without a single message before it gives up. 5 minutes unless given.
   *
   * @param giveUpAfter more than zero
   * @return this
   */
  public CodeActionsBuilder giveUpAfter(Duration giveUpAfter) {
    this.giveUpAfter = Calls.checked(giveUpAfter);
    return this;
  }

  /**
   * The authorities to trust over TLS, instead of those that Java trusts.
   *
   * @param authorities a file of certificates (PEM)
   * @return this
   */
  public CodeActionsBuilder trustCertificates(Path authorities) {
    this.authorities = authorities;
    return this;
  }

  /**
   * A certificate of one's own to show over TLS.
   *
   * @param certificate a file with the chain (PEM)
   * @param key a file with its private key (PEM, PKCS #8)
   * @return this
   */
  public CodeActionsBuilder clientCertificate(Path certificate, Path key) {
    this.certificate = certificate;
    this.key = key;
    return this;
  }

  /**
   * The beginning of a channel, which decides about address and TLS, and may bring interceptors, a proxy or an executor.
   *
   * @param channel a builder, which becomes this one's
   * @return this
   */
  public CodeActionsBuilder channel(ManagedChannelBuilder<?> channel) {
    this.channel = channel;
    return this;
  }

  /**
   * Makes the client. It connects with its first call.
   *
   * @return the client
   * @throws IllegalArgumentException if the address makes no sense
   * @throws UncheckedIOException if a certificate cannot be read
   */
  public CodeActions build() {
    ManagedChannelBuilder<?> begun = channel == null ? channelTo(address) : channel;
    begun
        .userAgent("codeactions-java/" + CodeActions.VERSION)
        .maxInboundMessageSize(MESSAGE_BYTES_MAX)
        // Compression costs the service several times what it costs to send an answer as it is.
        .decompressorRegistry(DecompressorRegistry.emptyInstance().with(Codec.Identity.NONE, false))
        // Asked for while calls are under way; a connection that gives no sign of life is dropped.
        .keepAliveTime(20, TimeUnit.SECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS);
    if (!token.isEmpty()) {
      Metadata headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + token);
      begun.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    return new CodeActions(new Calls(begun.build(), timeout, runTimeout), giveUpAfter);
  }

  private ManagedChannelBuilder<?> channelTo(String address) {
    URI parsed = URI.create(address);
    boolean isSecure = "https".equals(parsed.getScheme());
    boolean isKnown = isSecure || "http".equals(parsed.getScheme());
    if (!isKnown || parsed.getHost() == null || !parsed.getPath().matches("/?")) {
      throw new IllegalArgumentException(
          "the address \"" + address + "\" must look like http://127.0.0.1:8050 or https://host");
    }
    int port = parsed.getPort() >= 0 ? parsed.getPort() : isSecure ? 443 : 80;
    return Grpc.newChannelBuilderForAddress(
        parsed.getHost(), port, isSecure ? tls() : InsecureChannelCredentials.create());
  }

  private ChannelCredentials tls() {
    TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
    try {
      if (authorities != null) credentials.trustManager(authorities.toFile());
      if (certificate != null) credentials.keyManager(certificate.toFile(), key.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return credentials.build();
  }

  private static String fromEnvironment(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }
}
