import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";

/** There was no way to try it. */
export class Untried extends Error {}

/**
 * System calls for a program that has none of its own: each one is made by a process of a few instructions, which is
 * written for it into a folder. Numbers are given for x86-64 and for arm64.
 */
export class SystemCalls {
  #folder;

  constructor(folder) {
    this.#folder = folder;
  }

  /** The number of the error that it gave, 0 when it succeeded. */
  make(numbers, values) {
    const { status } = spawnSync(this.program(numbers, values), { stdio: "ignore" });
    if (status === null) throw new Untried("a system call was not answered");
    return status;
  }

  /** The path of a program that makes the call and ends with the number of its error. */
  program(numbers, values) {
    const column = ["x64", "arm64"].indexOf(process.arch);
    if (column === -1) throw new Untried(`nothing is known of ${process.arch}`);
    const path = join(this.#folder, `call-${numbers[column]}-${values.join("-")}`);
    const words = [numbers[column], ...values, 0, 0, 0, 0, 0, 0].slice(0, 7);
    fs.writeFileSync(path, executable([62, 183][column], [codeForX64, codeForArm64][column](words)), {
      mode: 0o700,
    });
    return path;
  }
}

function codeForX64(words) {
  // mov rax, …; then rdi, rsi, rdx, r10, r8, r9.
  const registers = ["48b8", "48bf", "48be", "48ba", "49ba", "49b8", "49b9"];
  const loads = words.map((word, index) => Buffer.concat([Buffer.from(registers[index], "hex"), wide(word)]));
  // syscall; rdi = -rax; jns +2; edi = 0; exit(edi)
  return Buffer.concat([...loads, Buffer.from("0f054889c748f7df790231ffb83c0000000f05", "hex")]);
}

function codeForArm64(words) {
  const registers = [8, 0, 1, 2, 3, 4, 5];
  const loads = words.flatMap((word, index) =>
    // movz for the lowest sixteen bits, movk for the others.
    [0, 1, 2, 3].map((part) => {
      const bits = Number((BigInt.asUintN(64, BigInt(word)) >> BigInt(16 * part)) & 0xffffn);
      return ((part === 0 ? 0xd280_0000 : 0xf280_0000) | (part << 21) | (bits << 5) | registers[index]) >>> 0;
    }),
  );
  // svc; x0 = -x0; tbz x0, 63, +8; x0 = 0; exit(x0)
  const rest = [0xd400_0001, 0xcb00_03e0, 0xb6f8_0040, 0xd280_0000, 0xd280_0ba8, 0xd400_0001];
  const code = Buffer.alloc(4 * (loads.length + rest.length));
  for (const [index, word] of [...loads, ...rest].entries()) code.writeUInt32LE(word, 4 * index);
  return code;
}

function wide(word) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(word));
  return bytes;
}

/** An ELF file with one segment, which holds the headers and the code. */
function executable(machine, code) {
  const HEADERS = 64 + 56;
  const ADDRESS = 0x40_0000n;
  const header = Buffer.alloc(HEADERS);
  header.write("7f454c4602010100", "hex");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(ADDRESS + BigInt(HEADERS), 24);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  for (const offset of [80, 88]) header.writeBigUInt64LE(ADDRESS, offset);
  for (const offset of [96, 104]) header.writeBigUInt64LE(BigInt(HEADERS + code.byteLength), offset);
  header.writeBigUInt64LE(0x1_0000n, 112);
  return Buffer.concat([header, code]);
}
