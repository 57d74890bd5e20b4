import com.google.gson.JsonObject;
import io.codeactions.client.CodeActions;
import io.codeactions.v1.Code;
import io.codeactions.v1.CodeType;
import io.codeactions.v1.CreateCodeRequest;
import io.codeactions.v1.Language;
import java.util.ArrayList;
import java.util.List;

/** What the cases share: the settings, the client, and the code that the first of them made. */
final class Stage implements AutoCloseable {
  final CodeActions client;
  final String projectId;
  String codeId = "";
  private final JsonObject settings;
  private final List<CodeActions> open = new ArrayList<>();

  Stage(JsonObject settings) {
    this.settings = settings;
    this.projectId = settings.get("projectId").getAsString();
    this.client = over("address");
  }

  /** What the story says about a case. */
  JsonObject story(String name) {
    return settings.getAsJsonObject("story").getAsJsonObject(name);
  }

  /** A new client over one of the addresses: {@code address}, {@code cut} or {@code flaky}. */
  CodeActions over(String way) {
    return over(way, settings.get("token").getAsString());
  }

  CodeActions over(String way, String token) {
    CodeActions made = CodeActions.builder().address(settings.get(way).getAsString()).token(token).build();
    open.add(made);
    return made;
  }

  Code create(String name, String source) {
    return create(name, source, "");
  }

  Code create(String name, String source, String requestId) {
    CreateCodeRequest request =
        CreateCodeRequest.newBuilder()
            .setProjectId(projectId)
            .setName(name)
            .setSource(source)
            .setRequestId(requestId)
            .setType(CodeType.CODE_TYPE_ENDPOINT)
            .setLanguage(Language.LANGUAGE_PYTHON)
            .build();
    return client.codes().createCode(request).getCode();
  }

  @Override
  public void close() {
    open.forEach(CodeActions::close);
  }
}
