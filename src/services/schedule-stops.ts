import type { EntityManager } from "@mikro-orm/postgresql";
import { ScheduleEntity } from "../core/db/entities/schedules.ts";
import { parseCron } from "./cron.ts";
import { nextTime } from "./schedule-times.ts";

const WHY = "the code was deleted while it waited";

/** The schedules of a code that is deleted have no next time, in the transaction that deletes it. */
export async function stopSchedules(em: EntityManager, codeId: string): Promise<void> {
  // By the whole key: a schedule's times of 30 days may be tens of thousands.
  await em.execute(
    `with held as materialized (select id, waiting_fire_time from schedules where code_id = ? for update)
     update schedule_fires set skipped_because = ? from held
     where schedule_id = held.id and fire_time = held.waiting_fire_time and run_id is null`,
    [codeId, WHY],
  );
  // Not through the entities: this is no change of a schedule, and its etag stays.
  await em.execute(
    `update schedules set next_fire_time = null, waiting_fire_time = null,
       last_skipped_because = case when waiting_fire_time = last_fire_time then ? else last_skipped_because end
     where code_id = ?`,
    [WHY, codeId],
  );
}

/** They go on once the code is there again, and make up for nothing. */
export async function resumeSchedules(em: EntityManager, codeId: string, now: Date): Promise<void> {
  const schedules = await em.find(ScheduleEntity, { codeId, paused: false });
  for (const { id, cron, timeZone } of schedules) {
    const next = nextTime(parseCron(cron), timeZone, now) ?? null;
    await em.execute("update schedules set next_fire_time = ? where id = ?", [next, id]);
  }
}
