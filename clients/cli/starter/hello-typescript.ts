interface Engine {
  params: { get(key: string): string | null };
  rawBody: Uint8Array;
  log: { info(text: string): void };
  result: { set(value: unknown, statusCode?: number, contentType?: string): void };
}

export async function Run(engine: Engine): Promise<void> {
  const name: string = engine.params.get("name") ?? "world";
  console.log(`greeting ${name}`);
  engine.log.info(`the body has ${engine.rawBody.length} bytes`);
  engine.result.set({ hello: name }, 200, "json");
}
