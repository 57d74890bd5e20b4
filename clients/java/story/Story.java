import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Plays every case of clients/story against a running service, also after a failed one, and prints the outcome of each as
 * a line of JSON; see the README there. Gson comes with gRPC.
 */
public final class Story {
  private Story() {}

  /** Ends with 0 if all cases were ok. */
  public static void main(String[] arguments) throws IOException {
    Gson gson = new Gson();
    String settings = Files.readString(Path.of(System.getenv("STORY")));
    boolean allOk = true;
    try (Stage stage = new Stage(gson.fromJson(settings, JsonObject.class))) {
      Map<String, Scene.Case> cases = new LinkedHashMap<>(new Cases(stage).inOrder());
      cases.putAll(new DurableCases(stage).inOrder());
      for (Map.Entry<String, Scene.Case> entry : cases.entrySet()) {
        Map<String, Object> outcome = new LinkedHashMap<>();
        outcome.put("case", entry.getKey());
        try {
          entry.getValue().play();
          outcome.put("ok", true);
        } catch (Exception | AssertionError e) {
          allOk = false;
          outcome.put("ok", false);
          outcome.put("error", e.toString());
        }
        System.out.println(gson.toJson(outcome));
      }
    }
    System.exit(allOk ? 0 : 1);
  }
}
