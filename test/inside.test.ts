import { readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  LANGUAGE_NUMBERS,
  newCode,
  newProject,
  type Service,
  startService,
  textOf,
} from "./support/service.ts";

/** Everything that can be seen from inside a worker. What is not in these lists is a leak. */

interface Seen {
  readonly environment: Record<string, string>;
  readonly descriptors: Record<string, string>;
  readonly mounts: string;
  readonly processes: Record<string, [commandLine: string, environment: string]>;
  readonly status: string;
  readonly sockets: Record<string, string>;
  readonly users: [uidMap: string, gidMap: string, uid: number, gid: number, groups: number[] | null];
  readonly host: string;
  readonly groups: string;
  readonly root: string[];
  readonly etc: string[];
  readonly dev: string[];
  readonly sys: string | string[];
  readonly writable: string[];
  readonly limits: string;
  readonly namespaces: Record<string, string>;
}

const LANGUAGES = {
  python: {
    file: "look.py",
    root: ["guest", "python"],
    path: { PATH: "/python/bin" },
    mounts: [],
    descriptors: ["/dev/null", "socket"],
    command: /^\/python\/bin\/python3[.\d]*\0-I\0-B\0-X\0utf8\0\/guest\/guest\.pyc\0$/,
  },
  javascript: {
    file: "look.js",
    root: ["guest", "node"],
    path: { PATH: "/node/bin" },
    mounts: [],
    descriptors: ["/dev/null", "anon_inode", "pipe", "socket"],
    command: /^\/node\/bin\/node\0(--[a-z0-9=-]+\0)*\/guest\/guest\.mjs\0$/,
  },
  go: {
    file: "look.go",
    root: ["guest"],
    path: {},
    mounts: ["/program tmpfs ro,nosuid,nodev"],
    descriptors: ["/dev/null", "anon_inode", "socket"],
    command: /^\/program\0$/,
  },
} as const;

/** Files of `/proc` that are hidden, as far as a host has them. */
const HIDDEN =
  /^\/proc\/(cmdline|config\.gz|kallsyms|keys|key-users|modules|diskstats|partitions|interrupts|timer_list) devtmpfs ro,/;

let service: Service;
const seen = {} as Record<keyof typeof LANGUAGES, Seen>;

beforeAll(async () => {
  service = await startService();
  await service.app.languageSettled("go", AbortSignal.timeout(300_000));
  const clients = service.clients();
  const projectId = await newProject(clients);
  for (const [language, { file }] of Object.entries(LANGUAGES) as [
    keyof typeof LANGUAGES,
    { file: string },
  ][]) {
    const source = readFileSync(new URL(`guests/inside/${file}`, import.meta.url), "utf8");
    const { id } = await newCode(clients, projectId, source, { language: LANGUAGE_NUMBERS[language] });
    const { run } = await clients.runs.runCode({ codeId: id });
    seen[language] = JSON.parse(textOf(run?.result?.body)) as Seen;
  }
}, 600_000);
afterAll(() => service[Symbol.asyncDispose]());

describe.each(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[])("from inside a %s worker", (language) => {
  const expected = LANGUAGES[language];

  test("the environment is its own", () => {
    const own = { HOME: "/home", LANG: "C.UTF-8", PWD: "/tmp/work", TMPDIR: "/tmp", ...expected.path };
    expect(seen[language].environment).toEqual(own);
  });

  test("the descriptors are its three lines to the host and what its interpreter has opened", () => {
    const links = Object.values(seen[language].descriptors).filter((link) => link !== "");
    expect([...new Set(links.map((link) => link.split(":")[0]!))].sort()).toEqual(expected.descriptors);
    expect(links.filter((link) => link.startsWith("socket"))).toHaveLength(3);
  });

  test("the mounts are its root, its temporary files, its processes and a few devices", () => {
    const mounts = seen[language].mounts.trim().split("\n").map(describeMount);
    const device = (name: string) => `/dev/${name} devtmpfs rw,nosuid`;
    expect(mounts.filter((mount) => !HIDDEN.test(mount)).sort()).toEqual(
      [
        "/ tmpfs ro,nosuid,nodev",
        "/dev tmpfs ro,nosuid,nodev",
        ...["full", "null", "random", "tty", "urandom", "zero"].map(device),
        "/dev/pts devpts rw,nosuid,noexec",
        "/dev/shm tmpfs rw,nosuid,nodev",
        "/proc proc rw,nosuid,nodev,noexec",
        "/tmp tmpfs rw,nosuid,nodev",
        ...expected.mounts,
      ].sort(),
    );
    for (const path of [process.cwd(), process.execPath, "/root", "/var"]) {
      expect(seen[language].mounts).not.toContain(` ${path}`);
    }
  });

  test("the processes are itself and the one that waits for it, and neither says anything of the service", () => {
    const { processes } = seen[language];
    expect(Object.keys(processes).sort()).toEqual(["1", "2"]);
    const [waiting, itself] = [processes["1"]!, processes["2"]!];
    expect(waiting[0].split("\0").slice(0, 4)).toEqual(["bwrap", "--args", "4", "--"]);
    expect(waiting[1]).toBe("");
    expect(itself[0]).toMatch(expected.command);
    expect(Object.keys(seen[language].environment).sort()).toEqual(
      itself[1]
        .split("\0")
        .filter(Boolean)
        .map((pair) => pair.split("=")[0]!)
        .sort(),
    );
  });

  test("there are no capabilities, no way to new privileges, and a filter of system calls", () => {
    const status = Object.fromEntries(seen[language].status.split("\n").map((line) => line.split(/:\s*/)));
    const none = "0000000000000000";
    expect(status).toMatchObject({
      CapInh: none,
      CapPrm: none,
      CapEff: none,
      CapBnd: none,
      CapAmb: none,
      NoNewPrivs: "1",
      Seccomp: "2",
      Uid: "1000\t1000\t1000\t1000",
      Gid: "1000\t1000\t1000\t1000",
      Groups: "",
    });
  });

  test("the network is a loopback device that nobody uses", () => {
    const { dev, ...tables } = seen[language].sockets;
    for (const table of Object.values(tables)) expect(table.trim().split("\n")).toHaveLength(1);
    expect(
      dev!
        .trim()
        .split("\n")
        .slice(2)
        .map((line) => line.trim().split(":")[0]),
    ).toEqual(["lo"]);
  });

  test("the user is one of a thousand, and the only one", () => {
    const [uidMap, gidMap, uid, gid, groups] = seen[language].users;
    expect([uidMap, gidMap].map((map) => map.trim().split(/\s+/))).toEqual([
      ["1000", "0", "1"],
      ["1000", "0", "1"],
    ]);
    expect([uid, gid]).toEqual([1000, 1000]);
    // Node counts a user's own group.
    expect((groups ?? []).filter((group) => group !== 1000)).toEqual([]);
  });

  test("the machine has no name of its own, and its groups end here", () => {
    expect(seen[language].host).toBe("jail");
    const groups = seen[language].groups.trim().split("\n");
    expect(groups.filter((line) => !line.endsWith(":/"))).toEqual([]);
  });

  test("the files are the interpreter's, and only temporary ones can be written", () => {
    const { root, etc, dev, sys, writable } = seen[language];
    const places = ["dev", "etc", "home", "proc", "program", "tmp", "toolchain", "work"];
    expect(root.filter((name) => !/^(lib(64)?|usr)$/.test(name))).toEqual(
      [...places, ...expected.root].sort(),
    );
    expect(etc).toEqual(["group", "hosts", "nsswitch.conf", "passwd", "ssl"]);
    expect(dev).toEqual(
      ["core", "fd", "full", "null", "ptmx", "pts", "random", "shm"].concat([
        "stderr",
        "stdin",
        "stdout",
        "tty",
        "urandom",
        "zero",
      ]),
    );
    expect(typeof sys === "string" ? [] : sys).toEqual([]);
    expect(writable.sort()).toEqual(["/dev/pts", "/dev/shm", "/tmp", "/tmp/home", "/tmp/work"]);
  });

  test("files, their sizes and core dumps are limited, softly and hard", () => {
    const limits = new Map(
      seen[language].limits
        .split("\n")
        .map((line) => [line.slice(0, 26).trim(), line.slice(26).trim().split(/\s+/).slice(0, 2)]),
    );
    expect(limits.get("Max open files")).toEqual(["256", "256"]);
    expect(limits.get("Max file size")).toEqual(["67108864", "67108864"]);
    expect(limits.get("Max core file size")).toEqual(["0", "0"]);
    expect(limits.get("Max nice priority")).toEqual(["0", "0"]);
    expect(limits.get("Max realtime priority")).toEqual(["0", "0"]);
  });

  test("every namespace but that of time is its own", () => {
    const { namespaces } = seen[language];
    const shared = Object.keys(namespaces).filter(
      (name) => namespaces[name] === readlinkSync(`/proc/self/ns/${name}`),
    );
    expect(shared.filter((name) => !name.startsWith("time"))).toEqual([]);
    expect(Object.keys(namespaces)).toEqual(
      expect.arrayContaining(["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]),
    );
  });
});

/** Where it is, of which kind, and how it may be used. */
function describeMount(line: string): string {
  const [before = "", after = ""] = line.split(" - ");
  const [, , , , place, options = ""] = before.split(" ");
  const kept = options.split(",").filter((option) => !option.endsWith("atime"));
  return `${place} ${after.split(" ")[0]} ${kept.join(",")}`;
}
