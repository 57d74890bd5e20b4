const MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = { "": 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** `500ms`, `10s`, `1m30s`, `2h`, `7d` in milliseconds; undefined if it is none of these. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  return Math.round(parts.reduce((sum, [, number, unit]) => sum + Number(number) * MS[unit!]!, 0));
}

/** Milliseconds as `durationMs` reads them, in the largest unit that leaves no rest. */
export function durationText(milliseconds: number): string {
  const unit =
    ["h", "m", "s"].find((one) => milliseconds >= MS[one]! && milliseconds % MS[one]! === 0) ?? "ms";
  return `${milliseconds / MS[unit]!}${unit}`;
}

/** `64KiB`, `256MiB`, `1GiB` or a plain number, in bytes; undefined if it is none of these. */
export function byteCount(text: string): number | undefined {
  const [, number, unit] = /^(\d+)\s?(B|KiB|MiB|GiB|)$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * BYTES[unit!]!;
}

/** Bytes as `byteCount` reads them, in the largest unit that leaves no rest. */
export function byteText(bytes: number): string {
  const unit = ["GiB", "MiB", "KiB"].find((candidate) => bytes > 0 && bytes % BYTES[candidate]! === 0);
  return unit === undefined ? String(bytes) : `${bytes / BYTES[unit]!}${unit}`;
}

/** How long something took, for people: `7.3 ms`, `412 ms`, `1.4 s`. */
export function tookText(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

/** Bytes, for people: `812 B`, `1.4 MiB`. */
export function sizeText(bytes: number): string {
  const unit = ["GiB", "MiB", "KiB"].find((candidate) => bytes >= BYTES[candidate]!);
  return unit === undefined ? `${bytes} B` : `${(bytes / BYTES[unit]!).toFixed(1)} ${unit}`;
}
