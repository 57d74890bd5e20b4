import com.google.gson.JsonObject;
import io.codeactions.client.CodeActions;
import io.codeactions.client.CodeActionsException;
import java.util.Map;
import java.util.Objects;

/** A part of the story: some of its cases, and what they look at it with. */
abstract class Scene {
  /** One case; throws when it did not go as the story tells. */
  interface Case {
    void play() throws Exception;
  }

  final Stage stage;
  final CodeActions client;

  Scene(Stage stage) {
    this.stage = stage;
    this.client = stage.client;
  }

  abstract Map<String, Case> inOrder();

  static String text(JsonObject story, String name) {
    return story.get(name).getAsString();
  }

  static CodeActionsException errorOf(Runnable call) {
    try {
      call.run();
    } catch (CodeActionsException e) {
      return e;
    }
    throw new AssertionError("expected an error, but the call succeeded");
  }

  static void same(Object actual, Object expected) {
    if (Objects.equals(actual, expected)) return;
    String both = "expected %.500s, got %.500s".formatted(expected, actual);
    throw new AssertionError(both);
  }
}
