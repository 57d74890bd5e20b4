import type { Run } from "../core/db/entities/runs.ts";
import type { QuarantineNews } from "../runner/quarantine.ts";
import type { LogChunk } from "./log-entry.ts";

/** What one service learns and the others on its database have to know, or are asked to do. */
export type NewsItem =
  /** A code was changed, published, rolled back, deleted or brought back. */
  | { readonly kind: "code"; readonly codeId: string; readonly isDeleted: boolean }
  /** A project was changed or deleted. */
  | { readonly kind: "project"; readonly projectId: string }
  /** A secret was stored or deleted. */
  | { readonly kind: "secrets"; readonly projectId: string }
  /** A token was revoked. */
  | { readonly kind: "tokens" }
  /** Whoever has the run is to end it. */
  | { readonly kind: "cancel"; readonly runId: string; readonly reason: string }
  /** A version was put into quarantine, or let out of it; as the pool has it. */
  | { readonly kind: "quarantine"; readonly quarantine: QuarantineNews };

/** What others have said, brought to whom it concerns. */
export interface NewsListener {
  heard(item: NewsItem): void;
  /** Another service has come, or come back: it is to be told what it cannot read in the database. */
  greeted(): void;
  /** Something may not have been heard: what is remembered of the database is worth nothing. */
  missed(): void;
  /** Others have committed log entries of a project that is followed here. */
  committed(chunks: readonly LogChunk[]): void;
  /** A run that others had has ended, or its log has a hole here: who follows it looks at the record. */
  lookAgain(what: { readonly runId: string } | { readonly projectId: string }): void;
}

/** That a project's log is followed here, until it is disposed of. */
export interface Following extends Disposable {
  /** Stands for the time since when nothing can have been missed without a word; a new one after every pause. */
  readonly session: object;
  /** For each of the others a place in its commits: what comes after it is told here. */
  readonly places: ReadonlyMap<string, number>;
}

/** The word between services on one database. */
export interface News extends AsyncDisposable {
  /** Other services that are known to be alive. */
  readonly others: number;
  /** Says that all is well, or throws what is not. */
  describe(): string;
  /** Begins to listen and to speak; goes on when all are heard, or a moment later. */
  start(listener: NewsListener): Promise<void>;
  /** Resolves when the others have taken it in, or cannot be waited for any longer. Never rejects. */
  tell(item: NewsItem): Promise<void>;
  /** From when this resolves, others tell what they commit of this project's log. */
  follow(projectId: string): Promise<Following>;
  /** This service has committed log entries; those whom they concern are told. */
  committed(chunks: readonly LogChunk[]): void;
  /** A run has ended here. */
  ended(run: Pick<Run, "id" | "projectId">): void;
}

const ALONE: Following = { session: {}, places: new Map(), [Symbol.dispose]() {} };

/** For a service that has its database to itself. */
export const noNews: News = {
  others: 0,
  describe: () => "there are no others",
  async start() {},
  async tell() {},
  follow: async () => ALONE,
  committed() {},
  ended() {},
  async [Symbol.asyncDispose]() {},
};
