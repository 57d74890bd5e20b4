/**
 * Protobuf's wire format, written straight from values. The library for it describes every message at run time, which
 * costs several times as much; here whoever writes a message knows its fields.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const LENGTH_BYTES_MAX = 5;

/** Fields are written in the order of the calls; those that have their default value are left out, as the format wants. */
export class WireWriter {
  #buffer: Buffer;
  #position = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  /** All that was written. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#position);
  }

  /** Whole numbers from 0 to 2 ** 53. */
  number(field: number, value: number): void {
    if (!(value > 0)) return;
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
  }

  boolean(field: number, value: boolean): void {
    if (value) this.number(field, 1);
  }

  text(field: number, value: string): void {
    if (value === "") return;
    // At most three bytes of UTF-8 for one unit of UTF-16.
    this.#reserve(value.length * 3);
    this.message(field, () => {
      this.#position += this.#buffer.write(value, this.#position, "utf8");
    });
  }

  data(field: number, value: Uint8Array): void {
    if (value.byteLength === 0) return;
    this.#reserve(value.byteLength);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(value.byteLength);
    this.#buffer.set(value, this.#position);
    this.#position += value.byteLength;
  }

  /** A message is written also when nothing is in it. */
  message(field: number, write: () => void): void {
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#reserve(0);
    // Most messages are short: room is left for a length of one byte, and more made where that is not enough.
    const start = this.#position + 1;
    this.#position = start;
    write();
    const length = this.#position - start;
    this.#reserve(0);
    const lengthBytes = bytesOf(length);
    if (lengthBytes > 1) this.#buffer.copyWithin(start + lengthBytes - 1, start, this.#position);
    this.#position = start - 1;
    this.#varint(length);
    this.#position += length;
  }

  #varint(value: number): void {
    this.#reserve(0);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#position++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#position++] = rest;
  }

  /** Makes sure that so much fits, and beside it a tag, a number and a length that turns out to be long. */
  #reserve(bytes: number): void {
    const needed = this.#position + bytes + 3 * 2 * LENGTH_BYTES_MAX;
    if (needed <= this.#buffer.byteLength) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.byteLength));
    this.#buffer.copy(larger, 0, 0, this.#position);
    this.#buffer = larger;
  }
}

function bytesOf(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}

/**
 * The fields of a message that has no others than these, all of them of bytes, and none twice: views by their numbers.
 * Undefined for every other message, also for one with more than two megabytes in a field.
 */
export function readBytesFields(
  bytes: Buffer,
  known: readonly number[],
): readonly (Buffer | undefined)[] | undefined {
  const fields: (Buffer | undefined)[] = [];
  for (let position = 0; position < bytes.byteLength; ) {
    const tag = bytes[position++]!;
    const field = tag >> 3;
    if ((tag & 7) !== LENGTH_DELIMITED || !known.includes(field) || fields[field]) return undefined;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++];
      if (byte === undefined || shift > 14) return undefined;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (position + length > bytes.byteLength) return undefined;
    fields[field] = bytes.subarray(position, position + length);
    position += length;
  }
  return fields;
}
