import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

const BYTES_MAX = 1024 ** 3;

/**
 * What was built from sources, kept under the source's hash and the builder's name from one start to the next. When
 * it grows beyond a gigabyte, what was used the longest ago is removed; it can be built again.
 */
export class BuiltFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where it is, if it has been built; it is then marked as used. */
  async find(sourceSha256: string, builder: string): Promise<string | undefined> {
    const path = this.#path(sourceSha256, builder);
    const now = new Date();
    return utimes(path, now, now).then(
      () => path,
      () => undefined,
    );
  }

  async read(sourceSha256: string, builder: string): Promise<Buffer | undefined> {
    const path = await this.find(sourceSha256, builder);
    return path === undefined ? undefined : readFile(path);
  }

  /** Keeps it, whole or not at all, and says where. */
  async keep(sourceSha256: string, builder: string, content: Uint8Array): Promise<string> {
    const path = this.#path(sourceSha256, builder);
    const draft = `${path}.${randomBytes(6).toString("hex")}.draft`;
    await mkdir(this.#folder, { recursive: true });
    await writeFile(draft, content, { mode: 0o755 });
    await rename(draft, path);
    await this.#removeOldest(path);
    return path;
  }

  #path(sourceSha256: string, builder: string): string {
    const name = createHash("sha256").update(`${sourceSha256}\0${builder}`).digest("hex");
    return join(this.#folder, name);
  }

  async #removeOldest(justKept: string): Promise<void> {
    const files = [];
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found) files.push({ path, bytes: found.size, usedMs: found.mtimeMs });
    }
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files.sort((one, other) => one.usedMs - other.usedMs)) {
      if (bytes <= BYTES_MAX) return;
      if (file.path === justKept) continue;
      await rm(file.path, { force: true });
      bytes -= file.bytes;
    }
  }
}
