import { type CodeActions, CodeActionsError, CodeType, Language } from "@code-actions/client";

/** The settings that the harness hands to a player; see clients/story/README.md. */
export interface StorySettings {
  readonly address: string;
  readonly cut: string;
  readonly flaky: string;
  readonly token: string;
  readonly projectId: string;
  readonly story: Story;
}

interface Story {
  readonly create: { name: string; slug: string; source: string };
  readonly invalid: { source: string; reason: string; field: string };
  readonly run: {
    query: { name: string; value: string }[];
    header: { name: string; value: string };
    body: string;
    status: number;
    log: string;
  };
  readonly unicode: { text: string };
  readonly stream: { source: string; lines: number };
  readonly tail: { source: string; lines: number };
  readonly pages: { codes: number };
  readonly deadline: { source: string; milliseconds: number };
  readonly unauthenticated: { token: string; reason: string };
  readonly large: { bytes: number; refused: number; reason: string };
  readonly durable: { source: string; lines: number; error: string };
  readonly schedule: {
    name: string;
    cron: string;
    timeZone: string;
    wrong: string;
    position: string;
    reason: string;
  };
}

/** Makes a client, the way that is played. */
export type Connect = (address: string, token: string) => CodeActions;

/** Cases by their names, in the order of the story. */
export type Cases = Readonly<Record<string, (stage: Stage, story: Story) => Promise<void>>>;

/** What the cases share: the client, and the code that the first of them made. */
export class Stage {
  readonly settings: StorySettings;
  readonly client: CodeActions;
  codeId = "";
  readonly #connect: Connect;
  readonly #open: CodeActions[] = [];

  constructor(settings: StorySettings, connect: Connect) {
    this.settings = settings;
    this.#connect = connect;
    this.client = this.over(settings.address);
  }

  over(address: string, token = this.settings.token): CodeActions {
    const client = this.#connect(address, token);
    this.#open.push(client);
    return client;
  }

  async create(
    name: string,
    source: string,
    requestId = "",
  ): Promise<{ id: string; slug: string; activeVersion: number }> {
    const { projectId } = this.settings;
    const kind = { type: CodeType.ENDPOINT, language: Language.PYTHON };
    const { code } = await this.client.codes.createCode({ projectId, name, source, requestId, ...kind });
    return code!;
  }

  close(): void {
    for (const client of this.#open) client.close();
  }
}

export async function errorOf(call: Promise<unknown>): Promise<CodeActionsError> {
  const outcome = await call.then(
    () => new Error("expected an error, but the call succeeded"),
    (error: unknown) => error,
  );
  if (outcome instanceof CodeActionsError) return outcome;
  throw outcome;
}

export function same(actual: unknown, expected: unknown): void {
  const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (seen !== wanted) throw new Error(`expected ${wanted?.slice(0, 500)}, got ${seen?.slice(0, 500)}`);
}
