// Types deeper than any parser's stack.
export function Run(given: REPEAT 100000: Array<
): void {}
