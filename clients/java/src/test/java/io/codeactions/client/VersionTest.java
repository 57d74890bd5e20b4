package io.codeactions.client;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class VersionTest {
  @Test
  @DisplayName("the version is the package's")
  void version() throws Exception {
    String pom = Files.readString(Path.of("pom.xml"));
    assertTrue(pom.contains("\n  <version>" + CodeActions.VERSION + "</version>\n"));
  }
}
