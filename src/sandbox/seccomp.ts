/**
 * The filter of system calls that every jail ends with: a block list, so that a new interpreter or C library never dies
 * of a harmless call. What it forbids answers EPERM; what a program would replace by something older answers ENOSYS.
 *
 * Numbers are those of the kernel's tables (`arch/x86/entry/syscalls/syscall_64.tbl`, `include/uapi/asm-generic/unistd.h`).
 */

/** A call's number on x86-64 and on arm64; null where there is none. */
type Numbers = readonly [x64: number, arm64: number | null];

const FORBIDDEN: Readonly<Record<string, Numbers>> = {
  // What is mounted where, and under which name this machine goes.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  // Other processes' memory, registers and descriptors.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // Programs inside the kernel, and pauses in the middle of its work.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  fanotify_init: [300, 262],
  // Keyrings know no namespaces.
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  // The kernel itself.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, null],
  reboot: [169, 142],
  syslog: [103, 116],
  acct: [163, 89],
  swapon: [167, 224],
  swapoff: [168, 225],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  iopl: [172, null],
  ioperm: [173, null],
  modify_ldt: [154, null],
  // Files by handle, past every path.
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  // Where memory lies is the whole host's matter.
  mbind: [237, 235],
  set_mempolicy: [238, 237],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  // A namespace is entered through a descriptor or made by flags, see below.
  setns: [308, 268],
};

const ABSENT: Readonly<Record<string, Numbers>> = {
  // Its flags are in memory, where a filter cannot see them: C libraries fall back to clone.
  clone3: [435, 435],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  statmount: [457, 457],
  listmount: [458, 458],
  open_tree_attr: [467, 467],
};

/** CLONE_NEW… of mount, cgroup, uts, ipc, user, pid and network namespaces; of time, which only unshare knows. */
const NEW_NAMESPACES = 0x7e02_0000;
const NEW_TIME_NAMESPACE = 0x80;
/** AF_UNIX, AF_INET, AF_INET6. */
const SOCKET_FAMILIES = [1, 2, 10];
/** Puts characters into a terminal's input, as if they were typed: TIOCSTI and TIOCLINUX. */
const TYPING = [0x5412, 0x541c];

/** Calls of which some values of one argument are forbidden. */
const CONDITIONAL: Readonly<Record<string, { numbers: Numbers; argument: number; rule(): Instruction[] }>> = {
  clone: { numbers: [56, 220], argument: 0, rule: () => forbidFlags(NEW_NAMESPACES) },
  unshare: { numbers: [272, 97], argument: 0, rule: () => forbidFlags(NEW_NAMESPACES | NEW_TIME_NAMESPACE) },
  socket: { numbers: [41, 198], argument: 0, rule: () => forbidAllBut(SOCKET_FAMILIES) },
  socketpair: { numbers: [53, 199], argument: 0, rule: () => forbidAllBut(SOCKET_FAMILIES) },
  ioctl: { numbers: [16, 29], argument: 1, rule: () => forbidValues(TYPING) },
};

/** For each of Node's names of an architecture: its column in the tables, and its AUDIT_ARCH_… number. */
const ARCHITECTURES = {
  x64: { column: 0, audit: 0xc000_003e },
  arm64: { column: 1, audit: 0xc000_00b7 },
} as const;

/** Calls of the x32 interface have this bit set; they would pass by every number below it. */
const X32_BIT = 0x4000_0000;

/** The program as the kernel and bubblewrap take it. Throws for a processor whose calls are not known here. */
export function seccompFilter(architecture: string = process.arch): Buffer {
  const known = ARCHITECTURES[architecture as keyof typeof ARCHITECTURES];
  if (known === undefined) throw new Error(`there is no filter of system calls for ${architecture}`);
  const numberOf = (numbers: Numbers) => numbers[known.column];
  const program: Instruction[] = [
    load(ARCHITECTURE_OFFSET),
    // A call of another architecture, such as a 32-bit one, means something else by the same number.
    ...answerUnless(known.audit, ENOSYS),
    load(NUMBER_OFFSET),
  ];
  if (architecture === "x64")
    program.push({ code: JUMP_IF_AT_LEAST, k: X32_BIT, yes: 0, no: 1 }, answer(ENOSYS));
  for (const numbers of Object.values(FORBIDDEN)) program.push(...answerIf(numberOf(numbers), EPERM));
  for (const numbers of Object.values(ABSENT)) program.push(...answerIf(numberOf(numbers), ENOSYS));
  for (const { numbers, argument, rule } of Object.values(CONDITIONAL)) {
    const rest = [load(FIRST_ARGUMENT_OFFSET + 8 * argument), ...rule()];
    program.push({ code: JUMP_IF_EQUAL, k: numberOf(numbers)!, yes: 0, no: rest.length }, ...rest);
  }
  return encode([...program, ALLOW]);
}

/** Classic BPF (`linux/filter.h`); jumps count the instructions that are passed over. */
interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly yes?: number;
  readonly no?: number;
}

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;

/** Places in `struct seccomp_data`. Of an argument only the lower half counts: all that are looked at have 32 bits. */
const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const FIRST_ARGUMENT_OFFSET = 16;

/** SECCOMP_RET_ERRNO with the error's number. */
const EPERM = 0x0005_0001;
const ENOSYS = 0x0005_0026;
const ALLOW: Instruction = { code: RETURN, k: 0x7fff_0000 };

function load(offset: number): Instruction {
  return { code: LOAD_WORD, k: offset };
}

function answer(k: number): Instruction {
  return { code: RETURN, k };
}

function answerIf(value: number | null, error: number): Instruction[] {
  return value === null ? [] : [{ code: JUMP_IF_EQUAL, k: value, yes: 0, no: 1 }, answer(error)];
}

function answerUnless(value: number, error: number): Instruction[] {
  return [{ code: JUMP_IF_EQUAL, k: value, yes: 1, no: 0 }, answer(error)];
}

function forbidFlags(flags: number): Instruction[] {
  return [{ code: JUMP_IF_ANY_BIT, k: flags, yes: 0, no: 1 }, answer(EPERM), ALLOW];
}

function forbidAllBut(values: readonly number[]): Instruction[] {
  return [
    ...values.flatMap((value) => [{ code: JUMP_IF_EQUAL, k: value, yes: 0, no: 1 }, ALLOW]),
    answer(EPERM),
  ];
}

function forbidValues(values: readonly number[]): Instruction[] {
  return [...values.flatMap((value) => answerIf(value, EPERM)), ALLOW];
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  program.forEach(({ code, k, yes = 0, no = 0 }, index) => {
    bytes.writeUInt16LE(code, 8 * index);
    bytes.writeUInt8(yes, 8 * index + 2);
    bytes.writeUInt8(no, 8 * index + 3);
    bytes.writeUInt32LE(k, 8 * index + 4);
  });
  return bytes;
}
