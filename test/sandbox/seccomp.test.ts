import { expect, test } from "vitest";
import { seccompFilter } from "../../src/sandbox/seccomp.ts";
import { stageForFile } from "./stage.ts";

const held = stageForFile();

const X64 = 0xc000_003e;
const ARM64 = 0xc000_00b7;
const I386 = 0x4000_0003;
const ARM = 0x4000_0028;
const EPERM = 1;
const ENOSYS = 38;

/** What the kernel would do: 0 lets the call pass, anything else is the error that it answers. */
function judge(filter: Buffer, audit: number, call: number, ...given: number[]): number {
  const call64 = Buffer.alloc(64);
  call64.writeUInt32LE(call, 0);
  call64.writeUInt32LE(audit, 4);
  given.forEach((argument, index) => void call64.writeBigUInt64LE(BigInt(argument), 16 + 8 * index));
  let accumulator = 0;
  for (let at = 0; at < filter.byteLength; at += 8) {
    const [code, k] = [filter.readUInt16LE(at), filter.readUInt32LE(at + 4)];
    const [yes, no] = [filter.readUInt8(at + 2), filter.readUInt8(at + 3)];
    const jump = (taken: boolean) => (at += 8 * (taken ? yes : no));
    if (code === 0x20) accumulator = call64.readUInt32LE(k);
    else if (code === 0x15) jump(accumulator === k);
    else if (code === 0x35) jump(accumulator >= k);
    else if (code === 0x45) jump((accumulator & k) !== 0);
    else if (code === 0x06) {
      if (k === 0x7fff_0000) return 0;
      expect(k & 0xffff_0000).toBe(0x0005_0000);
      return k & 0xffff;
    } else throw new Error(`the program has an instruction ${code} that is not known here`);
  }
  throw new Error("the program runs past its end");
}

const x64 = (call: number, ...given: number[]) => judge(seccompFilter("x64"), X64, call, ...given);
const arm64 = (call: number, ...given: number[]) => judge(seccompFilter("arm64"), ARM64, call, ...given);

test.each([
  ["mount", 165, 40],
  ["ptrace", 101, 117],
  ["bpf", 321, 280],
  ["perf_event_open", 298, 241],
  ["userfaultfd", 323, 282],
  ["keyctl", 250, 219],
  ["add_key", 248, 217],
  ["kexec_load", 246, 104],
  ["finit_module", 313, 273],
  ["setns", 308, 268],
  ["process_vm_readv", 310, 270],
  ["process_vm_writev", 311, 271],
])("%s is forbidden on both processors", (_, onX64, onArm64) => {
  expect([x64(onX64), arm64(onArm64)]).toEqual([EPERM, EPERM]);
});

test.each([
  ["clone3, whose flags cannot be seen,", 435],
  ["io_uring_setup", 425],
  ["io_uring_enter", 426],
  ["io_uring_register", 427],
  ["fsopen", 430],
  ["mount_setattr", 442],
])("%s is not there, so that programs do without it", (_, call) => {
  expect([x64(call), arm64(call)]).toEqual([ENOSYS, ENOSYS]);
});

test("what programs live from passes", () => {
  // read, write, mmap, futex, execve, exit_group, openat, epoll_wait or epoll_pwait, getrandom.
  for (const call of [0, 1, 9, 202, 59, 231, 257, 232, 318]) expect(x64(call)).toBe(0);
  for (const call of [63, 64, 222, 98, 221, 94, 56, 22, 278]) expect(arm64(call)).toBe(0);
});

test("a process or thread can be made, a namespace cannot", () => {
  const [asThread, asProcess] = [0x3d_0f00, 0x120_0011];
  for (const flags of [asThread, asProcess]) expect([x64(56, flags), arm64(220, flags)]).toEqual([0, 0]);
  // Mount, cgroup, uts, ipc, user, pid, network.
  for (const flag of [0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000]) {
    expect([x64(56, flag | 17), arm64(220, flag | 17)]).toEqual([EPERM, EPERM]);
    expect([x64(272, flag), arm64(97, flag)]).toEqual([EPERM, EPERM]);
  }
  expect([x64(272, 0x80), arm64(97, 0x80)]).toEqual([EPERM, EPERM]);
});

test("sockets are of the families unix, IPv4 and IPv6", () => {
  for (const family of [1, 2, 10]) {
    expect([x64(41, family), arm64(198, family), x64(53, family)]).toEqual([0, 0, 0]);
  }
  // Netlink, packet, alg, bluetooth, vsock, xdp, and a number whose lower half is another one's.
  for (const family of [16, 17, 38, 31, 40, 44, 0xffff_fff0]) {
    expect([x64(41, family), arm64(198, family), x64(53, family)]).toEqual([EPERM, EPERM, EPERM]);
  }
});

test("nothing can be typed into a terminal; other controls of devices pass", () => {
  for (const request of [0x5412, 0x541c])
    expect([x64(16, 0, request), arm64(29, 0, request)]).toEqual([1, 1]);
  for (const request of [0x5401, 0x541b])
    expect([x64(16, 0, request), arm64(29, 0, request)]).toEqual([0, 0]);
});

test("calls of another processor, of 32 bits and of x32 are not there", () => {
  expect(judge(seccompFilter("x64"), I386, 3)).toBe(ENOSYS);
  expect(judge(seccompFilter("x64"), ARM64, 63)).toBe(ENOSYS);
  expect(judge(seccompFilter("arm64"), ARM, 3)).toBe(ENOSYS);
  expect([x64(0x4000_0000), x64(0x4000_0000 + 56, 17)]).toEqual([ENOSYS, ENOSYS]);
});

test("a processor whose calls are not known here gets no filter of another one's", () => {
  expect(() => seccompFilter("riscv64")).toThrow("there is no filter of system calls for riscv64");
});

const CALLS = `
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    libc.syscall(number, *arguments)
    return ctypes.get_errno()
def Run(engine):
    with open("/proc/self/status") as status:
        mode = [line.split()[1] for line in status if line.startswith("Seccomp:")]
    with open("/proc/1/status") as status:
        mode += [line.split()[1] for line in status if line.startswith("Seccomp:")]
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
        netlink = 0
    except OSError as error:
        netlink = error.errno
    return [mode, netlink, call(165, 0, 0, 0, 0, 0), call(101, 0, 0, 0, 0), call(425, 1, 0), call(435, 0, 0)]`;

test.runIf(process.arch === "x64")(
  "the kernel enforces it in a jail, for its first process too",
  async () => {
    const { text } = await held.stage.python(CALLS);
    expect(JSON.parse(text)).toEqual([["2", "2"], EPERM, EPERM, EPERM, ENOSYS, ENOSYS]);
  },
);
