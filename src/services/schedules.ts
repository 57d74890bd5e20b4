import { isDeepStrictEqual } from "node:util";
import { LockMode } from "@mikro-orm/core";
import type { EntityManager, MikroORM } from "@mikro-orm/postgresql";
import { type Code, CodeEntity, CodeVersionEntity } from "../core/db/entities/codes.ts";
import { ProjectEntity } from "../core/db/entities/projects.ts";
import { type Overlap, type Schedule, ScheduleEntity } from "../core/db/entities/schedules.ts";
import { fieldInvalid, Refusal } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { type Call, codeNotFound, projectNotFound, requireRole, scheduleNotFound } from "./access.ts";
import type { CallbackAsk } from "./callback-order.ts";
import type { Callbacks } from "./callbacks.ts";
import { parseCron } from "./cron.ts";
import type { RunInput } from "./new-run.ts";
import { type Page, type PageAsk, pageOf, pageSize, pageStartId } from "./pages.ts";
import { requireEtag } from "./projects.ts";
import { claimRequestId } from "./request-ids.ts";
import { type AskedPolicy, retryPolicy } from "./retry-policy.ts";
import { nextTime, requireTimeZone } from "./schedule-times.ts";
import { requireViewerOf } from "./scope.ts";
import { plainInput } from "./stored-input.ts";

const SCHEDULES_PER_PROJECT_MAX = 1_000;
/** What a schedule hands to its code is kept with it, and copied into each of its runs. */
const INPUT_BYTES_MAX = 64 * 1024;
const CATCH_UP_MS = 3_600_000;

/** What a schedule can be told about itself, when it is created and later. */
export interface ScheduleFields {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly overlap: Overlap;
  readonly catchUpMs: number;
  readonly paused: boolean;
  /** 0 for the one that is active at each start. */
  readonly version: number;
  readonly input: RunInput;
  /** 0 for the code's own. */
  readonly timeoutMs: number;
  readonly retryPolicy: AskedPolicy;
  readonly idempotent: boolean;
  /** With an empty address and an empty secret, nobody is told. */
  readonly callback: CallbackAsk;
}

export interface NewSchedule extends Partial<ScheduleFields> {
  readonly codeId: string;
  readonly name: string;
  readonly cron: string;
  readonly input: RunInput;
  readonly requestId: string;
}

export interface ScheduleChange {
  readonly scheduleId: string;
  readonly etag: string;
  readonly fields: Partial<ScheduleFields>;
}

/** Keeps schedules. What starts their runs is `ScheduleFires`. */
export class Schedules {
  readonly #orm: MikroORM;
  readonly #callbacks: Pick<Callbacks, "require">;
  readonly #now: () => Date;
  readonly #changed: () => void;

  constructor(parts: {
    orm: MikroORM;
    callbacks: Pick<Callbacks, "require">;
    now: () => Date;
    /** Called when a schedule may have a time that nobody waits for yet. */
    changed: () => void;
  }) {
    this.#orm = parts.orm;
    this.#callbacks = parts.callbacks;
    this.#now = parts.now;
    this.#changed = parts.changed;
  }

  async create(call: Call, ask: NewSchedule): Promise<Schedule> {
    const { codeId, requestId } = ask;
    const code = await findCode(this.#orm.em.fork(), codeId);
    const { projectId } = code;
    requireRole(call.caller, "EDITOR", { projectId, notFound: () => codeNotFound(codeId) });
    await this.#requireSound(ask, code);
    const schedule = await this.#orm.em.fork().transactional(async (em) => {
      // The project's row is locked so that two writers cannot pass the limit together, the code's so that it is there.
      const project = await em.findOne(
        ProjectEntity,
        { id: projectId, deleteTime: null },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      if (project === null) throw projectNotFound(projectId);
      await findCode(em, codeId, LockMode.PESSIMISTIC_READ);
      const id = newId();
      if (requestId !== "") {
        const key = { projectId, requestId, method: "CreateSchedule", ask };
        const earlier = await claimRequestId(em, key, id);
        if (earlier !== undefined) return findSchedule(em, earlier);
      }
      if ((await em.count(ScheduleEntity, { projectId })) >= SCHEDULES_PER_PROJECT_MAX) {
        const quota = `${SCHEDULES_PER_PROJECT_MAX} schedules per project`;
        throw new Refusal("QUOTA_EXCEEDED", `a project may have ${quota}; delete one first`, {}, { quota });
      }
      const made = em.create(ScheduleEntity, this.#newSchedule(id, projectId, ask));
      await em.flush();
      return made;
    });
    this.#changed();
    return schedule;
  }

  async get(call: Call, scheduleId: string): Promise<Schedule> {
    const schedule = await findSchedule(this.#orm.em.fork(), scheduleId);
    requireRole(call.caller, "VIEWER", belonging(schedule));
    return schedule;
  }

  /** A page of a project's or a code's schedules, newest first. */
  async list(
    call: Call,
    scope: { readonly projectId: string } | { readonly codeId: string },
    ask: PageAsk,
  ): Promise<Page<Schedule>> {
    const em = this.#orm.em.fork();
    await requireViewerOf(em, call, scope);
    const question = { list: "schedules", scope };
    const before = pageStartId(question, ask.token);
    const size = pageSize(ask.size);
    const wanted = [scope, before === undefined ? {} : { id: { $lt: before } }];
    const found = await em.find(
      ScheduleEntity,
      { $and: wanted },
      { orderBy: { id: "desc" }, limit: size + 1 },
    );
    return pageOf(found, size, question, (schedule) => schedule.id);
  }

  async update(call: Call, { scheduleId, etag, fields }: ScheduleChange): Promise<Schedule> {
    const before = await this.#forEditor(call, scheduleId);
    const code = await this.#orm.em.fork().findOne(CodeEntity, { id: before.codeId });
    if (code === null) throw scheduleNotFound(scheduleId);
    await this.#requireSound(fields, code);
    const schedule = await this.#orm.em.fork().transactional(async (em) => {
      // Before the schedule's own row, as whoever deletes the code does it.
      const { deleteTime } = await em.findOneOrFail(
        CodeEntity,
        { id: before.codeId },
        { lockMode: LockMode.PESSIMISTIC_READ },
      );
      const found = await findSchedule(em, scheduleId, LockMode.PESSIMISTIC_WRITE);
      requireEtag(found.revision, etag);
      const now = this.#now();
      applyFields(found, fields);
      found.updateTime = now;
      const isStopped = found.paused || deleteTime != null;
      if (isStopped || fields.cron !== undefined || fields.timeZone !== undefined || fields.paused === false)
        found.nextFireTime = isStopped ? null : firstTime(found, now);
      if (found.paused && found.waitingFireTime != null) await dropWaiting(em, found);
      await em.flush();
      return found;
    });
    this.#changed();
    return schedule;
  }

  /** Ends a schedule; its runs go on. */
  async delete(call: Call, scheduleId: string, etag: string): Promise<void> {
    await this.#forEditor(call, scheduleId);
    await this.#orm.em.fork().transactional(async (em) => {
      const found = await findSchedule(em, scheduleId, LockMode.PESSIMISTIC_WRITE);
      requireEtag(found.revision, etag);
      await em.nativeDelete(ScheduleEntity, { id: scheduleId });
    });
  }

  async #forEditor(call: Call, scheduleId: string): Promise<Schedule> {
    const schedule = await findSchedule(this.#orm.em.fork(), scheduleId);
    requireRole(call.caller, "EDITOR", belonging(schedule));
    return schedule;
  }

  async #requireSound(fields: Partial<ScheduleFields>, code: Code): Promise<void> {
    const { cron, timeZone, version, input, timeoutMs, callback } = fields;
    if (cron !== undefined) parseCron(cron);
    if (timeZone !== undefined) requireTimeZone(timeZone);
    if (timeoutMs !== undefined) requireTimeout(timeoutMs, code);
    if (input !== undefined) requireSmall(input);
    if (version !== undefined && version !== 0) await requireVersion(this.#orm.em.fork(), code.id, version);
    if (callback !== undefined && tellsSomebody(callback))
      await this.#callbacks.require(code.projectId, callback);
  }

  #newSchedule(id: string, projectId: string, ask: NewSchedule) {
    const now = this.#now();
    const { cron, timeZone = "UTC", paused = false, idempotent = false, timeoutMs = 0, callback } = ask;
    return {
      id,
      projectId,
      codeId: ask.codeId,
      name: ask.name,
      cron,
      timeZone,
      overlap: ask.overlap ?? ("SKIP" as const),
      catchUpMs: ask.catchUpMs ?? CATCH_UP_MS,
      paused,
      version: ask.version ?? 0,
      ...storedInput(ask.input),
      timeoutMs: timeoutMs || null,
      retryPolicy: retryPolicy(ask.retryPolicy, idempotent),
      idempotent,
      ...storedCallback(callback),
      createTime: now,
      updateTime: now,
      nextFireTime: paused ? null : firstTime({ cron, timeZone }, now),
    };
  }
}

function applyFields(schedule: Schedule, fields: Partial<ScheduleFields>): void {
  const { input, timeoutMs, retryPolicy: asked, callback, ...plain } = fields;
  const hasDefaultPolicy = isDeepStrictEqual(
    schedule.retryPolicy,
    retryPolicy(undefined, schedule.idempotent),
  );
  for (const [name, value] of Object.entries(plain)) {
    if (value !== undefined) Object.assign(schedule, { [name]: value });
  }
  if (input !== undefined) Object.assign(schedule, storedInput(input));
  if (timeoutMs !== undefined) schedule.timeoutMs = timeoutMs || null;
  // What was never asked for is what `idempotent` stands for now.
  if (asked !== undefined || (hasDefaultPolicy && fields.idempotent !== undefined))
    schedule.retryPolicy = retryPolicy(asked, schedule.idempotent);
  if (callback !== undefined) Object.assign(schedule, storedCallback(callback));
}

function storedInput(input: RunInput) {
  const { method, path, query, headers, body } = plainInput(input);
  return { method, path, query: [...query], headers: [...headers], body: Buffer.from(body) };
}

function storedCallback(callback: CallbackAsk | undefined) {
  const tells = callback !== undefined && tellsSomebody(callback);
  return { callbackUrl: tells ? callback.url : null, callbackSecret: tells ? callback.secret : null };
}

function tellsSomebody({ url, secret }: CallbackAsk): boolean {
  return url !== "" || secret !== "";
}

function firstTime({ cron, timeZone }: Pick<Schedule, "cron" | "timeZone">, now: Date): Date | null {
  return nextTime(parseCron(cron), timeZone, now) ?? null;
}

/** The time that waited for an earlier run passes without one. */
async function dropWaiting(em: EntityManager, schedule: Schedule): Promise<void> {
  const why = "the schedule was paused while it waited";
  await em.execute(
    "update schedule_fires set skipped_because = ? where schedule_id = ? and fire_time = ? and run_id is null",
    [why, schedule.id, schedule.waitingFireTime],
  );
  if (schedule.lastFireTime?.getTime() === schedule.waitingFireTime?.getTime())
    schedule.lastSkippedBecause = why;
  schedule.waitingFireTime = null;
}

function requireTimeout(timeoutMs: number, code: Code): void {
  if (timeoutMs > code.timeoutMs)
    throw fieldInvalid("timeout", `longer than the code's own time-out of ${code.timeoutMs / 1000} s`);
  if (timeoutMs > 0 && timeoutMs < 1_000)
    throw fieldInvalid("timeout", "shorter than 1 s; accepted are 1 s or more, and 0 s for the code's own");
}

function requireSmall({ body, query, headers }: RunInput): void {
  const bytes = [...query, ...headers].reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    body.byteLength,
  );
  if (bytes <= INPUT_BYTES_MAX) return;
  throw fieldInvalid(
    "input",
    `${bytes} bytes of body, query and headers together; a schedule keeps ${INPUT_BYTES_MAX} at most, and what is larger its code can fetch`,
  );
}

async function requireVersion(em: EntityManager, codeId: string, number: number): Promise<void> {
  if ((await em.count(CodeVersionEntity, { codeId, number })) > 0) return;
  throw new Refusal(
    "VERSION_NOT_FOUND",
    `the code has no version ${number}; ListCodeVersions shows those it has`,
    { codeId, number: String(number) },
  );
}

async function findCode(em: EntityManager, codeId: string, lockMode = LockMode.NONE): Promise<Code> {
  const code = await em.findOne(CodeEntity, { id: codeId, deleteTime: null }, { lockMode });
  if (code === null) throw codeNotFound(codeId);
  return code;
}

async function findSchedule(em: EntityManager, id: string, lockMode = LockMode.NONE): Promise<Schedule> {
  const schedule = await em.findOne(ScheduleEntity, { id }, { lockMode });
  if (schedule === null) throw scheduleNotFound(id);
  return schedule;
}

function belonging({ id, projectId }: Schedule) {
  return { projectId, notFound: () => scheduleNotFound(id) };
}
