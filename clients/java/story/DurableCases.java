import com.google.gson.JsonObject;
import com.google.protobuf.Duration;
import io.codeactions.client.CodeActionsException;
import io.codeactions.client.Followed;
import io.codeactions.v1.Code;
import io.codeactions.v1.CreateScheduleRequest;
import io.codeactions.v1.DeleteScheduleRequest;
import io.codeactions.v1.GetRunRequest;
import io.codeactions.v1.GetScheduleRequest;
import io.codeactions.v1.ListSchedulesRequest;
import io.codeactions.v1.LogEntry;
import io.codeactions.v1.RetryPolicy;
import io.codeactions.v1.Run;
import io.codeactions.v1.RunAttempt;
import io.codeactions.v1.RunEvent;
import io.codeactions.v1.RunStatus;
import io.codeactions.v1.Schedule;
import io.codeactions.v1.StartRunRequest;
import io.codeactions.v1.UpdateScheduleRequest;
import io.codeactions.v1.WatchRunRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.LongStream;

/** The cases about runs that nobody waits for, and what starts them. */
final class DurableCases extends Scene {
  DurableCases(Stage stage) {
    super(stage);
  }

  @Override
  Map<String, Case> inOrder() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("durable", this::durable);
    cases.put("schedule", this::schedule);
    return cases;
  }

  private void durable() {
    JsonObject story = stage.story("durable");
    Code code = stage.create("Tries again", text(story, "source"));
    var backoff = Duration.newBuilder().setNanos(100_000_000);
    var policy = RetryPolicy.newBuilder().setMaxAttempts(2).setBackoff(backoff);
    var start = StartRunRequest.newBuilder().setCodeId(code.getId()).setRetryPolicy(policy).build();
    String runId = client.runs().startRun(start).getRun().getId();
    List<LogEntry> entries = new ArrayList<>();
    List<RunStatus> ends = new ArrayList<>();
    var watching = WatchRunRequest.newBuilder().setRunId(runId).build();
    try (Followed<RunEvent> steps = stage.over("cut").watch(watching)) {
      for (RunEvent event : steps) {
        entries.addAll(event.getLog().getEntriesList());
        if (event.hasFinished()) ends.add(event.getFinished().getStatus());
      }
    }
    same(
        entries.stream().map(LogEntry::getSequence).toList(),
        LongStream.rangeClosed(1, entries.size()).boxed().toList());
    long lines = story.get("lines").getAsLong();
    for (int attempt = 1; attempt <= 2; attempt++) same(linesOf(entries, attempt), lines);
    same(ends, List.of(RunStatus.RUN_STATUS_SUCCEEDED));
    Run read = client.runs().getRun(GetRunRequest.newBuilder().setRunId(runId).build()).getRun();
    same(read.getStatus(), RunStatus.RUN_STATUS_SUCCEEDED);
    same(read.getAttempt(), 2);
    same(read.getDurable().getEarlierAttemptsCount(), 1);
    RunAttempt earlier = read.getDurable().getEarlierAttempts(0);
    same(earlier.getAttempt(), 1);
    same(earlier.getStatus(), RunStatus.RUN_STATUS_FAILED);
    same(earlier.getError().getMessage(), text(story, "error"));
  }

  private static long linesOf(List<LogEntry> entries, int attempt) {
    return entries.stream()
        .filter(entry -> entry.getAttempt() == attempt && entry.getText().startsWith("line "))
        .count();
  }

  private void schedule() {
    JsonObject story = stage.story("schedule");
    CreateScheduleRequest.Builder request =
        CreateScheduleRequest.newBuilder()
            .setCodeId(stage.codeId)
            .setName(text(story, "name"))
            .setCron(text(story, "cron"))
            .setTimeZone(text(story, "timeZone"));
    CreateScheduleRequest repeated = request.clone().setRequestId(UUID.randomUUID().toString()).build();
    String id = client.runs().createSchedule(repeated).getSchedule().getId();
    same(client.runs().createSchedule(repeated).getSchedule().getId(), id);
    Schedule read =
        client.runs().getSchedule(GetScheduleRequest.newBuilder().setScheduleId(id).build()).getSchedule();
    same(read.getCron(), text(story, "cron"));
    same(read.getTimeZone(), text(story, "timeZone"));
    same(read.getNextFireTime().getSeconds() > Instant.now().getEpochSecond(), true);
    CodeActionsException wrong =
        errorOf(() -> client.runs().createSchedule(request.clone().setCron(text(story, "wrong")).build()));
    same(wrong.reason(), text(story, "reason"));
    same(wrong.metadata().get("position"), text(story, "position"));
    UpdateScheduleRequest pause =
        UpdateScheduleRequest.newBuilder().setScheduleId(id).setEtag(read.getEtag()).setPaused(true).build();
    Schedule paused = client.runs().updateSchedule(pause).getSchedule();
    same(paused.getPaused(), true);
    same(paused.hasNextFireTime(), false);
    same(listed(), List.of(id));
    client.runs().deleteSchedule(DeleteScheduleRequest.newBuilder().setScheduleId(id).build());
    same(listed(), List.of());
  }

  /** The schedules of the code that the first case made. */
  private List<String> listed() {
    var request = ListSchedulesRequest.newBuilder().setCodeId(stage.codeId).build();
    return client.runs().listAllSchedules(request).stream().map(Schedule::getId).toList();
  }
}
