import { RunStatus } from "@code-actions/client";
import { type Cases, errorOf, same } from "./stage.js";

/** The cases about runs that nobody waits for, and what starts them. */
export const DURABLE_CASES: Cases = {
  async durable(stage, { durable: { source, lines, error } }) {
    const { runs } = stage.client;
    const { id: codeId } = await stage.create("Tries again", source);
    const retryPolicy = { maxAttempts: 2, backoff: { seconds: 0n, nanos: 100_000_000 } };
    const { run: queued } = await runs.startRun({ codeId, retryPolicy });
    const runId = queued!.id;
    const sequences: number[] = [];
    const linesOf = new Map([
      [1, 0],
      [2, 0],
    ]);
    const ends: RunStatus[] = [];
    for await (const { event } of stage.over(stage.settings.cut).watch({ runId })) {
      if (event.case === "finished") ends.push(event.value.status);
      if (event.case !== "log") continue;
      for (const { sequence, attempt, text } of event.value.entries) {
        sequences.push(Number(sequence));
        if (text.startsWith("line ")) linesOf.set(attempt, (linesOf.get(attempt) ?? 0) + 1);
      }
    }
    same(
      sequences,
      sequences.map((_, place) => place + 1),
    );
    same(
      [...linesOf],
      [
        [1, lines],
        [2, lines],
      ],
    );
    same(ends, [RunStatus.SUCCEEDED]);
    const { run } = await runs.getRun({ runId });
    same([run?.status, run?.attempt], [RunStatus.SUCCEEDED, 2]);
    const earlier = run?.durable?.earlierAttempts.map(({ attempt, status, error }) => [
      attempt,
      status,
      error?.message,
    ]);
    same(earlier, [[1, RunStatus.FAILED, error]]);
  },

  async schedule(stage, { schedule: { name, cron, timeZone, wrong, position, reason } }) {
    const { client, codeId } = stage;
    const requestId = crypto.randomUUID();
    const create = async () =>
      (await client.runs.createSchedule({ codeId, name, cron, timeZone, requestId })).schedule!;
    const { id: scheduleId } = await create();
    same((await create()).id, scheduleId);
    const { schedule } = await client.runs.getSchedule({ scheduleId });
    same([schedule!.cron, schedule!.timeZone], [cron, timeZone]);
    same(Number(schedule!.nextFireTime!.seconds) > Date.now() / 1000, true);
    const error = await errorOf(client.runs.createSchedule({ codeId, name, cron: wrong }));
    same([error.reason, error.metadata.position], [reason, position]);
    const pause = { scheduleId, etag: schedule!.etag, paused: true };
    const { schedule: paused } = await client.runs.updateSchedule(pause);
    same([paused!.paused, paused!.nextFireTime === undefined], [true, true]);
    const listed = async () => {
      const ids: string[] = [];
      for await (const { id } of client.listAllSchedules({ scope: { case: "codeId", value: codeId } }))
        ids.push(id);
      return ids;
    };
    same(await listed(), [scheduleId]);
    await client.runs.deleteSchedule({ scheduleId });
    same(await listed(), []);
  },
};
