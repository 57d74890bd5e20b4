import type { NewsItem } from "./news.ts";

/** What is said to all: who says it, on which of its connections, and its number among the words on that. */
export interface Word {
  readonly from: string;
  readonly epoch: number;
  readonly number: number;
  readonly say: Saying;
}

export type Saying =
  /** I am there. */
  | { readonly kind: "beat" }
  | { readonly kind: "bye" }
  /** I begin to listen, or begin anew, and follow these logs (null: take it for all). */
  | { readonly kind: "hello"; readonly ask: number; readonly follows: readonly string[] | null }
  | { readonly kind: "follow"; readonly ask: number; readonly projectId: string }
  | { readonly kind: "unfollow"; readonly projectId: string }
  | { readonly kind: "item"; readonly ask: number; readonly item: NewsItem };

/** The answer to one who has asked, when what was said is taken in. */
export interface Answer {
  readonly from: string;
  readonly ask: number;
  readonly epoch: number;
  /** The number of the next word of the one who answers. */
  readonly next: number;
  /** To a hello: the logs that are followed there. */
  readonly follows?: readonly string[] | null;
  /** To a hello or follow: the numbers of the next messages on these logs, and a place in the commits so far. */
  readonly logs?: Readonly<Record<string, number>>;
  readonly place?: number;
}
