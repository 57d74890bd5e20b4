import {
  type CodeActions,
  CodeActionsError,
  ErrorCode,
  entriesOf,
  type Run,
  RunStatus,
} from "@code-actions/client";
import { DURABLE_CASES } from "./durable.js";
import { type Cases, type Connect, errorOf, Stage, type StorySettings, same } from "./stage.js";

/** Plays every case in the order of the story, also after a failed one, and tells the outcome of each. */
export async function play(
  settings: StorySettings,
  connect: Connect,
  tell: (outcome: { case: string; ok: boolean; error?: string }) => void,
): Promise<boolean> {
  let allOk = true;
  const stage = new Stage(settings, connect);
  for (const [name, act] of Object.entries({ ...CASES, ...DURABLE_CASES })) {
    try {
      await act(stage, settings.story);
      tell({ case: name, ok: true });
    } catch (error) {
      allOk = false;
      tell({
        case: name,
        ok: false,
        error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      });
    }
  }
  stage.close();
  return allOk;
}

const CASES: Cases = {
  async create(stage, { create: { name, slug, source } }) {
    const requestId = crypto.randomUUID();
    const code = await stage.create(name, source, requestId);
    stage.codeId = code.id;
    same(code.slug, slug);
    same(code.activeVersion, 1);
    same((await stage.create(name, source, requestId)).id, code.id);
  },

  async invalid(stage, { invalid: { source, reason, field } }) {
    const error = await errorOf(stage.create("Not a code", source));
    same(error.code, ErrorCode.InvalidArgument);
    same(error.reason, reason);
    same(error.fields[0]?.field, field);
    same(/^\d+$/.test(error.metadata.line ?? ""), true);
  },

  async run({ client, codeId }, { run: { query, header, body, status, log } }) {
    const run = await client.run({ codeId, input: { query, headers: [header], body: bytesOf(body) } });
    same(run.status, RunStatus.SUCCEEDED);
    same(run.result?.statusCode, status);
    same(textOf(run), body);
    same(run.result?.headers.find(({ name }) => name === header.name)?.value, header.value);
    same((await logOf(client, run.id)).includes(log), true);
  },

  async bytes({ client, codeId }) {
    const body = new Uint8Array(256_000).map((_, place) => place % 256);
    const run = await client.run({ codeId, input: { body } });
    same(run.result?.body.length, body.length);
    same(
      run.result?.body.every((byte, place) => byte === body[place]),
      true,
    );
  },

  async unicode({ client, codeId }, { unicode: { text } }) {
    const query = [{ name: "name", value: text }];
    const run = await client.run({ codeId, input: { query, body: bytesOf(text) } });
    same(textOf(run), text);
    same((await logOf(client, run.id)).includes(`hello ${text}`), true);
  },

  async stream(stage, { stream: { source, lines } }) {
    const { id: codeId } = await stage.create("Streams", source);
    same(await shape(stage.client.runStream({ codeId })), ["started", ...numbers(lines), "finished"]);
  },

  async tail(stage, { tail: { source, lines } }) {
    const { id: codeId } = await stage.create("Tails", source);
    let runId = "";
    for await (const { event } of stage.client.runStream({ codeId })) {
      if (event.case === "started") runId = event.value.id;
      break;
    }
    const scope = { case: "runId", value: runId } as const;
    const tail = stage.over(stage.settings.cut).tail({ scope, from: { case: "beginning", value: true } });
    same(await shape(tail), ["started", ...numbers(lines), "ended"]);
  },

  async watch(stage, { tail: { source, lines } }) {
    const { id: codeId } = await stage.create("Watches", source);
    const steps = stage.over(stage.settings.cut).runStream({ codeId });
    same(await shape(steps), ["started", ...numbers(lines), "finished"]);
  },

  async pages(stage, { pages: { codes } }) {
    const created: string[] = [];
    const names = Array.from({ length: codes }, (_, place) => `Page ${place}`);
    const source = stage.settings.story.create.source;
    const createNext = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop())
        created.push((await stage.create(name, source)).id);
    };
    await Promise.all(Array.from({ length: 16 }, createNext));
    const found: string[] = [];
    for await (const code of stage.client.listAllCodes({
      projectId: stage.settings.projectId,
      pageSize: 100,
    }))
      if (code.name.startsWith("Page ")) found.push(code.id);
    // Ids sort by time.
    same(found, created.toSorted().toReversed());
  },

  async deadline(stage, { deadline: { source, milliseconds } }) {
    const { id: codeId } = await stage.create("Sleeps", source);
    const error = await errorOf(stage.client.run({ codeId }, { timeoutMs: milliseconds }));
    same(error.code, ErrorCode.DeadlineExceeded);
    same(error.reason, "DEADLINE_EXCEEDED");
  },

  async cancel(stage, { deadline: { source } }) {
    const { id: codeId } = await stage.create("Sleeps too", source);
    const leaving = new AbortController();
    let runId = "";
    const watching = async () => {
      for await (const { event } of stage.client.runStream({ codeId }, { signal: leaving.signal })) {
        if (event.case === "started") runId = event.value.id;
        if (event.case === "log") leaving.abort();
      }
    };
    same((await errorOf(watching())).reason, "CALL_CANCELLED");
    const { run } = await stage.client.runs.cancelRun({ runId });
    same(run?.status, RunStatus.CANCELLED);
  },

  async retry(stage) {
    const { code } = await stage.over(stage.settings.flaky).codes.getCode({ codeId: stage.codeId });
    same(code?.id, stage.codeId);
  },

  async noretry(stage) {
    const client = stage.over(stage.settings.flaky);
    const outcome = await client.run({ codeId: stage.codeId }).catch((error: unknown) => error);
    if (outcome instanceof CodeActionsError) same(outcome.code, ErrorCode.Unavailable);
    else if (outcome instanceof Error) throw outcome;
  },

  async unauthenticated(stage, { unauthenticated: { token, reason } }) {
    const stranger = stage.over(stage.settings.address, token);
    const error = await errorOf(stranger.codes.getCode({ codeId: stage.codeId }));
    same(error.code, ErrorCode.Unauthenticated);
    same(error.reason, reason);
  },

  async large({ client, codeId }, { large: { bytes, refused, reason } }) {
    const run = await client.run({ codeId, input: { body: new Uint8Array(bytes).fill(7) } });
    same(run.result?.body.length, bytes);
    same(
      run.result?.body.every((byte) => byte === 7),
      true,
    );
    const error = await errorOf(client.run({ codeId, input: { body: new Uint8Array(refused) } }));
    same(error.reason, reason);
  },
};

/** What a stream showed: the kinds of its steps, and the numbers of its entries. */
async function shape(
  steps: ReturnType<CodeActions["runStream"] | CodeActions["tail"]>,
): Promise<(string | number)[]> {
  const seen: (string | number)[] = [];
  for await (const { event } of steps) {
    if (event.case === "log" || event.case === "batch")
      seen.push(...event.value.entries.map(({ sequence }) => Number(sequence)));
    else seen.push(String(event.case));
  }
  return seen;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, place) => place + 1);
}

async function logOf(client: CodeActions, runId: string): Promise<string[]> {
  const scope = { case: "runId", value: runId } as const;
  const texts: string[] = [];
  for await (const { text } of entriesOf(client.tail({ scope, from: { case: "beginning", value: true } })))
    texts.push(text);
  return texts;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(run: Run): string {
  return new TextDecoder().decode(run.result?.body);
}
