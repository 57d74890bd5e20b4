import { createHash, randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The keys of an installation; each serves one purpose, all come from one secret. */
export interface Keys {
  /** Seals secrets (AES-256-GCM). */
  readonly secrets: Buffer;
  /** Derives the secrets of tokens (HMAC-SHA-256). */
  readonly tokens: Buffer;
  /** Tells one installation's key from another's, and nothing about it. */
  readonly fingerprint: number;
}

/**
 * The configured key, or the one in the data folder (which exists), made there (mode 0600) by the first start. Who has it can open
 * every secret: keep a copy, apart from the database's.
 */
export async function openKeys(configured: string, folder: string): Promise<Keys> {
  const root = configured === "" ? await keyFile(folder) : Buffer.from(configured, "base64");
  const derive = (purpose: string) => createHash("sha256").update(purpose).update(root).digest();
  return {
    secrets: derive("code-actions secrets"),
    tokens: derive("code-actions tokens"),
    fingerprint: derive("code-actions fingerprint").readInt32BE(0),
  };
}

async function keyFile(folder: string): Promise<Buffer> {
  const path = join(folder, "secret.key");
  try {
    // `wx` fails when the file is there, so two first starts cannot make two keys.
    await using file = await open(path, "wx", 0o600);
    const key = randomBytes(32);
    await file.writeFile(`${key.toString("base64")}\n`);
    await file.sync();
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const key = Buffer.from((await readFile(path, "utf8")).trim(), "base64");
  if (key.byteLength !== 32) throw new Error(`${path} does not hold a key: 32 bytes in base64 are expected`);
  return key;
}
