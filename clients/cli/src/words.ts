import type { DescEnum } from "@bufbuild/protobuf";
import type { GenEnum } from "@bufbuild/protobuf/codegenv2";

/** A value of one of the contract's enums as a word: `flow`, `timed_out`. Empty for one that a newer service added. */
export function wordOf(schema: DescEnum, number: number): string {
  return schema.values.find((value) => value.number === number)?.localName.toLowerCase() ?? "";
}

/** All words of an enum, in the contract's order. */
export function wordsOf(schema: DescEnum): string[] {
  return schema.values.filter(({ number }) => number !== 0).map(({ localName }) => localName.toLowerCase());
}

/** The number behind a word; undefined if there is none. */
export function numberOf<Value extends number>(schema: GenEnum<Value>, word: string): Value | undefined {
  const found = schema.values.find(
    ({ number, localName }) => number !== 0 && localName.toLowerCase() === word,
  );
  return found?.number as Value | undefined;
}
