import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { promisify, stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { type Climb, climbWalls } from "../../src/sandbox/climbs.ts";
import { BUBBLEWRAP_WALLS, WALL_NAMES, type WallName } from "../../src/sandbox/jail.ts";

const UID_BASE = 392_000;

async function climbWithout(waivedWalls: readonly WallName[]): Promise<Climb[]> {
  const site = { waivedWalls, asRoot: true };
  return climbWalls({ site, uidBase: UID_BASE, dataFolder: tmpdir() });
}

function climbed(climbs: readonly Climb[]): WallName[] {
  return climbs.filter((each) => each.climbed.length > 0).map(({ wall }) => wall);
}

test("nothing that is tried gets over a wall of this host, and everything is tried", async () => {
  const climbs = await climbWithout([]);
  expect(climbs.map(({ wall, climbed }) => ({ wall, climbed }))).toEqual(
    WALL_NAMES.map((wall) => ({ wall, climbed: [] })),
  );
  expect(climbs.map(({ tried }) => tried.length)).toEqual([3, 3, 5, 3, 2, 3, 5, 3, 2, 1, 10]);
});

test.each<[WallName, string[]]>([
  ["cgroup", ["more processes", "more memory"]],
  ["rlimits", ["more open files", "a larger file"]],
  ["user", ["root's files"]],
  ["nesting", ["a user namespace by unshare", "a user namespace by clone"]],
  ["network", ["the host's loopback", "the host's abstract sockets"]],
  ["root", ["the host's files", "the data folder", "a place of the host to write", "more temporary files"]],
  ["seccomp", ["ptrace", "keyctl", "add_key", "process_vm_readv", "a netlink socket", "clone3", "io_uring"]],
])(
  "without %s its climb succeeds: it is this wall that keeps codes from what lies behind",
  async (wall, got) => {
    const climbs = await climbWithout([wall]);
    expect(climbs.find((each) => each.wall === wall)!.climbed).toEqual(expect.arrayContaining(got));
  },
);

/** These walls stand in front of what a prepared root does not have at all: their climb needs the host's root. */
test.each<[WallName, WallName[], string[]]>([
  ["processes", ["root", "nesting"], ["the host's processes", "files about the host"]],
  ["devices", ["root"], ["other devices"]],
])("without %s and the prepared root its climb succeeds", async (wall, others, got) => {
  const found = (climbs: readonly Climb[]) => climbs.find((each) => each.wall === wall)!.climbed;
  expect(found(await climbWithout(others))).toEqual([]);
  expect(found(await climbWithout([wall, ...others]))).toEqual(got);
});

test("without namespaces, and so without all that bubblewrap builds, the climbs of all of them succeed", async () => {
  const climbs = await climbWithout(["namespaces", ...BUBBLEWRAP_WALLS]);
  expect(climbed(climbs)).toEqual(
    WALL_NAMES.filter((wall) => wall === "namespaces" || BUBBLEWRAP_WALLS.includes(wall)),
  );
});

test("without any wall what a code starts outlives it, and the climb ends it", async () => {
  const climbs = await climbWithout(WALL_NAMES);
  expect(climbs[0]!.climbed).toContain("outliving its jail");
  // The starter of a jail has no environment, so that without its wall there is still none of the service's.
  expect(climbed(climbs)).toEqual(WALL_NAMES.filter((wall) => wall !== "environment"));
  expect(commandLines().filter((line) => line.includes("setTimeout(() => {}, 600_000)"))).toEqual([]);
});

test("a climb leaves nothing on the host", () => {
  const left = [...readdirSync(tmpdir()), ...readdirSync("/dev/shm")];
  expect(left.filter((name) => name.startsWith("codeactions-climb-") || name.startsWith("climb-"))).toEqual(
    [],
  );
  expect(left.filter((name) => name.startsWith(`codeactions-${process.pid}-`))).toEqual([]);
});

test("the doctor shows every wall in a hundred columns, without colours where nobody would see them, and ends with 0", async () => {
  const { code, stdout } = await doctor([]);
  const rows = stdout.split("\n").filter((line) => /^ {2}\w+ +(held|waived|NOT HELD) /.test(line));
  expect(rows.map((row) => row.trim().split(/\s+/).slice(0, 2))).toEqual(
    WALL_NAMES.map((wall) => [wall, "held"]),
  );
  expect(stdout).toMatch(/tried from inside a jail in \d+\.\d s/);
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(stripVTControlCharacters(stdout)).toBe(stdout);
  expect(code).toBe(0);
});

test("the doctor says what a waived wall would keep from codes, and that is no reason to fail", async () => {
  const { code, stdout } = await doctor(["--json"], { CODEACTIONS_WAIVE_WALLS: "network" });
  const { holds, walls } = JSON.parse(stdout) as { holds: boolean; walls: { wall: string }[] };
  expect(walls.find(({ wall }) => wall === "network")).toEqual({
    wall: "network",
    state: "waived",
    why: expect.stringContaining("the host's loopback"),
    fix: {},
  });
  expect({ holds, code }).toEqual({ holds: true, code: 0 });
});

test("without bubblewrap the doctor ends with 1, and names what to install", async () => {
  const { code, stdout } = await doctor([], {}, HIDDEN_BUBBLEWRAP);
  expect(stdout).toMatch(/namespaces +NOT HELD +it cannot be built: .*bwrap/);
  expect(stdout).toContain("Debian      apt-get install -y bubblewrap util-linux");
  expect(stdout).toMatch(/cgroup +held/);
  expect(code).toBe(1);
});

test("a waiver of a wall that there is not ends the doctor with what there is", async () => {
  const { code, stderr } = await doctor([], { CODEACTIONS_WAIVE_WALLS: "moat" });
  expect(stderr).toMatch(/there is no wall named moat; the walls are cgroup, rlimits/);
  expect(code).toBe(1);
});

test("the doctor explains itself", async () => {
  expect(await doctor(["--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining("--json") });
});

/** In a mount namespace of its own, where /usr/bin has everything but one program. */
const HIDDEN_BUBBLEWRAP = `
set -e
seen=$(mktemp -d)
mount --bind /usr/bin "$seen"
mount -t tmpfs none /usr/bin
for file in "$seen"/*; do "$seen/ln" -s "$file" /usr/bin/; done
rm /usr/bin/bwrap
"$@" || code=$?
"$seen/umount" /usr/bin
umount "$seen"
rmdir "$seen"
exit $code`;

async function doctor(
  words: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  shell = 'exec "$@"',
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ["--mount", "sh", "-c", shell, "sh", process.execPath, "src/main.ts", "doctor", ...words];
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...settings };
  const ended = promisify(execFile)("unshare", command, { env }).then(
    (said) => ({ code: 0, ...said }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  const { code, stdout, stderr } = await ended;
  return { code, stdout, stderr };
}

function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1");
      } catch {
        // It has ended meanwhile.
        return "";
      }
    });
}
