import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import io.codeactions.client.CodeActions;
import io.codeactions.client.CodeActionsException;
import io.codeactions.client.Followed;
import io.codeactions.v1.CancelRunRequest;
import io.codeactions.v1.Code;
import io.codeactions.v1.GetCodeRequest;
import io.codeactions.v1.ListCodesRequest;
import io.codeactions.v1.LogEntry;
import io.codeactions.v1.LogEvent;
import io.codeactions.v1.Pair;
import io.codeactions.v1.Run;
import io.codeactions.v1.RunCodeRequest;
import io.codeactions.v1.RunCodeStreamRequest;
import io.codeactions.v1.RunEvent;
import io.codeactions.v1.RunInput;
import io.codeactions.v1.RunStatus;
import io.codeactions.v1.TailLogsRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** The cases about codes, runs and their logs. */
final class Cases extends Scene {
  Cases(Stage stage) {
    super(stage);
  }

  @Override
  Map<String, Case> inOrder() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("create", this::create);
    cases.put("invalid", this::invalid);
    cases.put("run", this::run);
    cases.put("bytes", this::bytes);
    cases.put("unicode", this::unicode);
    cases.put("stream", this::stream);
    cases.put("tail", this::tail);
    cases.put("watch", this::watch);
    cases.put("pages", this::pages);
    cases.put("deadline", this::deadline);
    cases.put("cancel", this::cancel);
    cases.put("retry", this::retry);
    cases.put("noretry", this::noretry);
    cases.put("unauthenticated", this::unauthenticated);
    cases.put("large", this::large);
    return cases;
  }

  private void create() {
    JsonObject story = stage.story("create");
    String requestId = UUID.randomUUID().toString();
    Code code = stage.create(text(story, "name"), text(story, "source"), requestId);
    stage.codeId = code.getId();
    same(code.getSlug(), text(story, "slug"));
    same(code.getActiveVersion(), 1);
    same(stage.create(text(story, "name"), text(story, "source"), requestId).getId(), code.getId());
  }

  private void invalid() {
    JsonObject story = stage.story("invalid");
    CodeActionsException error = errorOf(() -> stage.create("Not a code", text(story, "source")));
    same(error.code(), Status.Code.INVALID_ARGUMENT);
    same(error.reason(), text(story, "reason"));
    same(error.fields().get(0).field(), text(story, "field"));
    same(error.metadata().getOrDefault("line", "").matches("\\d+"), true);
  }

  private void run() {
    JsonObject story = stage.story("run");
    Pair header = pair(story.get("header"));
    RunInput.Builder input = RunInput.newBuilder().addHeaders(header).setBody(bytes(text(story, "body")));
    story.getAsJsonArray("query").forEach(parameter -> input.addQuery(pair(parameter)));
    Run run = client.run(running(stage.codeId, input));
    same(run.getStatus(), RunStatus.RUN_STATUS_SUCCEEDED);
    same(run.getResult().getStatusCode(), story.get("status").getAsInt());
    same(run.getResult().getBody().toStringUtf8(), text(story, "body"));
    same(run.getResult().getHeadersList().contains(header), true);
    same(logOf(run).contains(text(story, "log")), true);
  }

  private void bytes() {
    byte[] body = new byte[256_000];
    for (int place = 0; place < body.length; place++) body[place] = (byte) place;
    ByteString sent = ByteString.copyFrom(body);
    Run run = client.run(running(stage.codeId, RunInput.newBuilder().setBody(sent)));
    same(run.getResult().getBody().equals(sent), true);
  }

  private void unicode() {
    String text = text(stage.story("unicode"), "text");
    Pair name = Pair.newBuilder().setName("name").setValue(text).build();
    Run run = client.run(running(stage.codeId, RunInput.newBuilder().addQuery(name).setBody(bytes(text))));
    same(run.getResult().getBody().toStringUtf8(), text);
    same(logOf(run).contains("hello " + text), true);
  }

  private void stream() {
    JsonObject story = stage.story("stream");
    Code code = stage.create("Streams", text(story, "source"));
    try (Followed<RunEvent> steps = client.runStream(streaming(code))) {
      same(shapeOfRun(steps), shape(story.get("lines").getAsInt(), "FINISHED"));
    }
  }

  private void tail() {
    JsonObject story = stage.story("tail");
    Code code = stage.create("Tails", text(story, "source"));
    String runId;
    try (Followed<RunEvent> steps = client.runStream(streaming(code))) {
      runId = steps.next().getStarted().getId();
    }
    try (Followed<LogEvent> steps = stage.over("cut").tail(fromBeginning(runId))) {
      List<Object> seen = new ArrayList<>();
      for (LogEvent event : steps) {
        if (event.hasBatch()) seen.addAll(sequences(event.getBatch().getEntriesList()));
        else seen.add(event.getEventCase().name());
      }
      same(seen, shape(story.get("lines").getAsInt(), "ENDED"));
    }
  }

  private void watch() {
    JsonObject story = stage.story("tail");
    Code code = stage.create("Watches", text(story, "source"));
    try (Followed<RunEvent> steps = stage.over("cut").runStream(streaming(code))) {
      same(shapeOfRun(steps), shape(story.get("lines").getAsInt(), "FINISHED"));
    }
  }

  private void pages() throws Exception {
    String source = text(stage.story("create"), "source");
    int codes = stage.story("pages").get("codes").getAsInt();
    List<Callable<String>> tasks =
        IntStream.range(0, codes)
            .<Callable<String>>mapToObj(place -> () -> stage.create("Page " + place, source).getId())
            .toList();
    ExecutorService sixteen = Executors.newFixedThreadPool(16);
    List<String> created = new ArrayList<>();
    try {
      for (Future<String> id : sixteen.invokeAll(tasks)) created.add(id.get());
    } finally {
      sixteen.shutdown();
    }
    ListCodesRequest request =
        ListCodesRequest.newBuilder().setProjectId(stage.projectId).setPageSize(100).build();
    List<String> found =
        client.codes().listAllCodes(request).stream()
            .filter(code -> code.getName().startsWith("Page "))
            .map(Code::getId)
            .toList();
    // Ids sort by time.
    created.sort(Collections.reverseOrder());
    same(found, created);
  }

  private void deadline() {
    JsonObject story = stage.story("deadline");
    Code code = stage.create("Sleeps", text(story, "source"));
    Duration patience = Duration.ofMillis(story.get("milliseconds").getAsInt());
    CodeActionsException error =
        errorOf(
            () -> client.runs().withTimeout(patience).runCode(running(code.getId(), RunInput.newBuilder())));
    same(error.code(), Status.Code.DEADLINE_EXCEEDED);
    same(error.reason(), "DEADLINE_EXCEEDED");
  }

  private void cancel() throws InterruptedException {
    Code code = stage.create("Sleeps too", text(stage.story("deadline"), "source"));
    String[] runId = new String[1];
    CodeActionsException[] error = new CodeActionsException[1];
    Thread following =
        new Thread(
            () -> {
              try (Followed<RunEvent> steps = client.runStream(streaming(code))) {
                for (RunEvent event : steps) {
                  if (event.hasStarted()) runId[0] = event.getStarted().getId();
                  if (event.hasLog()) Thread.currentThread().interrupt();
                }
              } catch (CodeActionsException e) {
                error[0] = e;
              }
            });
    following.start();
    following.join();
    same(error[0].reason(), "CALL_CANCELLED");
    Run run = client.runs().cancelRun(CancelRunRequest.newBuilder().setRunId(runId[0]).build()).getRun();
    same(run.getStatus(), RunStatus.RUN_STATUS_CANCELLED);
  }

  private void retry() {
    Code code = stage.over("flaky").codes().getCode(reading(stage.codeId)).getCode();
    same(code.getId(), stage.codeId);
  }

  private void noretry() {
    try {
      stage.over("flaky").run(running(stage.codeId, RunInput.newBuilder()));
    } catch (CodeActionsException e) {
      same(e.code(), Status.Code.UNAVAILABLE);
    }
  }

  private void unauthenticated() {
    JsonObject story = stage.story("unauthenticated");
    CodeActions stranger = stage.over("address", text(story, "token"));
    CodeActionsException error = errorOf(() -> stranger.codes().getCode(reading(stage.codeId)));
    same(error.code(), Status.Code.UNAUTHENTICATED);
    same(error.reason(), text(story, "reason"));
  }

  private void large() {
    JsonObject story = stage.story("large");
    ByteString fits = ByteString.copyFrom(new byte[story.get("bytes").getAsInt()]);
    Run run = client.run(running(stage.codeId, RunInput.newBuilder().setBody(fits)));
    same(run.getResult().getBody().equals(fits), true);
    ByteString tooLarge = ByteString.copyFrom(new byte[story.get("refused").getAsInt()]);
    CodeActionsException error =
        errorOf(() -> client.run(running(stage.codeId, RunInput.newBuilder().setBody(tooLarge))));
    same(error.reason(), text(story, "reason"));
  }

  /** What a followed run showed: the kinds of its events, and the numbers of its entries. */
  private static List<Object> shapeOfRun(Followed<RunEvent> steps) {
    List<Object> seen = new ArrayList<>();
    for (RunEvent event : steps) {
      if (event.hasLog()) seen.addAll(sequences(event.getLog().getEntriesList()));
      else seen.add(event.getEventCase().name());
    }
    return seen;
  }

  private static List<Object> shape(int lines, String end) {
    List<Object> shape = new ArrayList<>(List.of("STARTED"));
    for (long number = 1; number <= lines; number++) shape.add(number);
    shape.add(end);
    return shape;
  }

  private static List<Long> sequences(List<LogEntry> entries) {
    return entries.stream().map(LogEntry::getSequence).toList();
  }

  private List<String> logOf(Run run) {
    List<String> texts = new ArrayList<>();
    try (Followed<LogEvent> steps = client.tail(fromBeginning(run.getId()))) {
      for (LogEvent event : steps) event.getBatch().getEntriesList().forEach(entry -> texts.add(entry.getText()));
    }
    return texts;
  }

  private static RunCodeRequest running(String codeId, RunInput.Builder input) {
    return RunCodeRequest.newBuilder().setCodeId(codeId).setInput(input).build();
  }

  private static RunCodeStreamRequest streaming(Code code) {
    return RunCodeStreamRequest.newBuilder().setCodeId(code.getId()).build();
  }

  private static TailLogsRequest fromBeginning(String runId) {
    return TailLogsRequest.newBuilder().setRunId(runId).setBeginning(true).build();
  }

  private static GetCodeRequest reading(String codeId) {
    return GetCodeRequest.newBuilder().setCodeId(codeId).build();
  }

  private static Pair pair(JsonElement pair) {
    JsonObject given = pair.getAsJsonObject();
    return Pair.newBuilder().setName(text(given, "name")).setValue(text(given, "value")).build();
  }

  private static ByteString bytes(String text) {
    return ByteString.copyFromUtf8(text);
  }
}
