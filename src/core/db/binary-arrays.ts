/**
 * Columns of many rows as PostgreSQL's arrays in binary form. PostgreSQL reads them several times faster than the same
 * rows as JSON, and so does Node write them.
 *
 *     i32 dimensions | i32 has nulls | u32 type of the elements | i32 elements | i32 lower bound | elements
 *     element: i32 length, -1 for null | its bytes                            (integers big-endian)
 *
 * Source: `array_recv` and the receive functions of the types in PostgreSQL's own sources.
 */

/** A type of PostgreSQL: its number never changes. */
export interface ColumnType<Value> {
  readonly name: string;
  readonly oid: number;
  /** Writes the length and the bytes of a value. */
  readonly write: (to: Writer, value: Value) => void;
}

/** Microseconds from PostgreSQL's own epoch, the year 2000, back to that of everybody else. */
const EPOCH_MS = 946_684_800_000;
const JSONB_VERSION = 1;
const NULL_LENGTH = -1;

export const UUID: ColumnType<string> = {
  name: "uuid",
  oid: 2950,
  write: (to, value) => {
    to.int32(16);
    to.uuid(value);
  },
};

export const INT: ColumnType<number> = {
  name: "int",
  oid: 23,
  write: (to, value) => {
    to.int32(4);
    to.int32(value);
  },
};

/** Of whole numbers that a double holds. */
export const BIGINT: ColumnType<number> = {
  name: "bigint",
  oid: 20,
  write: (to, value) => {
    to.int32(8);
    to.int64(value);
  },
};

export const BOOLEAN: ColumnType<boolean> = {
  name: "boolean",
  oid: 16,
  write: (to, value) => {
    to.int32(1);
    to.byte(value ? 1 : 0);
  },
};

export const TIMESTAMP: ColumnType<Date> = {
  name: "timestamptz",
  oid: 1184,
  write: (to, value) => {
    to.int32(8);
    to.int64((value.getTime() - EPOCH_MS) * 1000);
  },
};

export const TEXT: ColumnType<string> = { name: "text", oid: 25, write: (to, value) => to.text(value) };

export const BYTES: ColumnType<Uint8Array> = {
  name: "bytea",
  oid: 17,
  write: (to, value) => {
    to.int32(value.byteLength);
    to.bytes(value);
  },
};

export const JSONB: ColumnType<unknown> = {
  name: "jsonb",
  oid: 3802,
  write: (to, value) => to.text(JSON.stringify(value), JSONB_VERSION),
};

/** A column of a table, and what each row has in it. */
export interface Column<Row> {
  readonly name: string;
  readonly type: string;
  /** An array of one value per row. */
  encode(rows: readonly Row[], to: Writer): Buffer;
}

/** `undefined` is null, as null is. */
export function column<Row, Value>(
  name: string,
  { name: type, oid, write }: ColumnType<Value>,
  read: (row: Row) => Value | null | undefined,
): Column<Row> {
  const encode = (rows: readonly Row[], to: Writer) => {
    const from = to.position;
    // An array without elements has no dimension.
    to.int32(rows.length === 0 ? 0 : 1);
    to.int32(1);
    to.int32(oid);
    if (rows.length > 0) {
      to.int32(rows.length);
      to.int32(1);
    }
    for (const row of rows) {
      const value = read(row);
      if (value === null || value === undefined) to.int32(NULL_LENGTH);
      else write(to, value);
    }
    return to.since(from);
  };
  return { name, type, encode };
}

/** Inserts rows whose columns are parameters from `$first` on; a condition on `given` may follow. */
export function insertColumns(table: string, columns: readonly Column<never>[], first: number): string {
  const names = columns.map(({ name }) => name).join(", ");
  return `insert into ${table} (${names}) select * from ${unnestColumns(columns, first, "given")}`;
}

/** Rows whose columns are parameters from `$first` on, under a name. */
export function unnestColumns(columns: readonly Column<never>[], first: number, name: string): string {
  const names = columns.map((one) => one.name).join(", ");
  const arrays = columns.map(({ type }, index) => `$${first + index}::${type}[]`).join(", ");
  return `unnest(${arrays}) as ${name} (${names})`;
}

const BYTES_MIN = 64 * 1024;
/** What a writer has grown to for one use is not kept for the next. */
const BYTES_KEPT_MAX = 1024 * 1024;

/** Bytes that grow. What was taken from it stays as it is until `reset`, which begins anew in the same place. */
export class Writer {
  #buffer = Buffer.allocUnsafeSlow(BYTES_MIN);
  #position = 0;

  reset(): void {
    this.#position = 0;
    if (this.#buffer.byteLength > BYTES_KEPT_MAX) this.#buffer = Buffer.allocUnsafeSlow(BYTES_MIN);
  }

  get position(): number {
    return this.#position;
  }

  /** A view of what was written since a position. */
  since(position: number): Buffer {
    return this.#buffer.subarray(position, this.#position);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#position++] = value;
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#position = this.#buffer.writeInt32BE(value, this.#position);
  }

  int64(value: number): void {
    const high = Math.floor(value / 2 ** 32);
    this.int32(high);
    this.int32((value - high * 2 ** 32) | 0);
  }

  uuid(value: string): void {
    this.#reserve(16);
    const buffer = this.#buffer;
    let position = this.#position;
    for (let index = 0; index < value.length; index += 2) {
      if (value.charCodeAt(index) === DASH) index += 1;
      buffer[position++] = (digit(value.charCodeAt(index)) << 4) | digit(value.charCodeAt(index + 1));
    }
    if (position !== this.#position + 16) throw new RangeError(`${value} is no UUID`);
    this.#position = position;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.byteLength);
    this.#buffer.set(value, this.#position);
    this.#position += value.byteLength;
  }

  /** The length and the text, after a byte that says what it is, if one is given. */
  text(value: string, mark?: number): void {
    // At most three bytes of UTF-8 for one unit of UTF-16.
    this.#reserve(5 + value.length * 3);
    const start = this.#position + 4;
    const textStart = mark === undefined ? start : start + 1;
    if (mark !== undefined) this.#buffer[start] = mark;
    const end = textStart + this.#buffer.write(value, textStart, "utf8");
    this.#buffer.writeInt32BE(end - start, this.#position);
    this.#position = end;
  }

  #reserve(bytes: number): void {
    if (this.#position + bytes <= this.#buffer.byteLength) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.byteLength * 2, this.#position + bytes));
    this.#buffer.copy(larger, 0, 0, this.#position);
    this.#buffer = larger;
  }
}

const DASH = 45;

/** The value of a hexadecimal digit by its character: 0 to 9, A to F, a to f. */
function digit(character: number): number {
  return character <= 57 ? character - 48 : (character & 0xf) + 9;
}
