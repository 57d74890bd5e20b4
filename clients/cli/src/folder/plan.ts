import type { Code, CodeActions } from "../../../typescript/src/node.ts";
import { atOnce } from "../at-once.ts";
import type { Flaw } from "./flaws.ts";
import { type LocalCode, languageName } from "./folder.ts";
import { isSame, type Settings, settingsOf, type Value } from "./settings.ts";

/** A code as the service has it. */
export interface RemoteCode {
  readonly code: Code;
  readonly activeSha256: string;
  readonly newest: { readonly number: number; readonly sha256: string };
}

/** What `deploy` would do about one code. */
export type Step =
  | { readonly kind: "create"; readonly local: LocalCode }
  | {
      readonly kind: "update";
      readonly local: LocalCode;
      readonly remote: RemoteCode;
      /** The settings that change, from what to what. */
      readonly settings: ReadonlyMap<string, { readonly from: Value; readonly to: Value }>;
      /** The version that becomes active: a new one, or one that is there already. Undefined if it stays. */
      readonly version: { readonly number: number; readonly isNew: boolean } | undefined;
    }
  | { readonly kind: "unchanged"; readonly local: LocalCode; readonly remote: RemoteCode }
  | { readonly kind: "delete"; readonly code: Code }
  /** On the service only, and left alone. */
  | { readonly kind: "stray"; readonly code: Code };

/** A step that changes the project. */
export type Change = Extract<Step, { readonly kind: "create" | "update" | "delete" }>;

export function isChange(step: Step): step is Change {
  return step.kind === "create" || step.kind === "update" || step.kind === "delete";
}

export interface Plan {
  readonly steps: readonly Step[];
  /** What makes it impossible. */
  readonly flaws: readonly Flaw[];
}

/** Compares a folder's codes with the project's. What the folder does not mention stays as it is. */
export function planOf(
  locals: readonly LocalCode[],
  remotes: readonly RemoteCode[],
  strays: readonly Code[],
  { prune }: { readonly prune: boolean },
): Plan {
  const flaws: Flaw[] = [];
  const steps = locals.map((local): Step => {
    const remote = remotes.find(({ code }) => code.slug === local.slug);
    if (remote === undefined) return { kind: "create", local };
    if (remote.code.language !== local.language)
      flaws.push({
        file: local.file,
        line: 0,
        column: 0,
        message: `${local.slug} is ${languageName(remote.code.language)} on the service, and a code keeps its language: rename the file, or delete the code first`,
      });
    const settings = changedSettings(local.settings, settingsOf(remote.code));
    const version = changedVersion(local.sha256, remote);
    return settings.size === 0 && version === undefined
      ? { kind: "unchanged", local, remote }
      : { kind: "update", local, remote, settings, version };
  });
  const others = strays.map((code): Step => ({ kind: prune ? "delete" : "stray", code }));
  return { steps: [...steps, ...others], flaws };
}

/** The project's codes: those of the folder with their versions, and all others. */
export async function readRemotes(
  client: CodeActions,
  projectId: string,
  slugs: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<{ remotes: RemoteCode[]; strays: Code[] }> {
  const codes: Code[] = [];
  for await (const code of client.listAllCodes({ projectId }, { signal })) codes.push(code);
  const wanted = codes.filter(({ slug }) => slugs.has(slug));
  return {
    remotes: await atOnce(wanted, (code) => readRemote(client, code, signal)),
    strays: codes.filter(({ slug }) => !slugs.has(slug)),
  };
}

async function readRemote(client: CodeActions, code: Code, signal: AbortSignal): Promise<RemoteCode> {
  const request = { codeId: code.id, pageSize: 100 };
  const { versions } = await client.codes.listCodeVersions(request, { signal });
  const newest = versions[0]!;
  const active =
    versions.find(({ number }) => number === code.activeVersion) ??
    // So far back that it is not among the newest hundred; with drafts only there is none.
    (code.activeVersion === 0
      ? undefined
      : (await client.codes.getCodeVersion({ codeId: code.id }, { signal })).version);
  return {
    code,
    activeSha256: active?.sourceSha256 ?? "",
    newest: { number: newest.number, sha256: newest.sourceSha256 },
  };
}

function changedSettings(wanted: Settings, current: Settings) {
  const changes = new Map<string, { from: Value; to: Value }>();
  for (const [name, to] of wanted) {
    const from = current.get(name)!;
    if (!isSame(from, to)) changes.set(name, { from, to });
  }
  return changes;
}

/** A source that is the newest version already makes no new one; after a rollback it is made active again. */
function changedVersion(sha256: string, { activeSha256, newest }: RemoteCode) {
  if (sha256 === activeSha256) return undefined;
  return sha256 === newest.sha256
    ? { number: newest.number, isNew: false }
    : { number: newest.number + 1, isNew: true };
}
