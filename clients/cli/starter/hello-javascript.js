export async function Run(engine) {
  const name = engine.params.get("name") ?? "world";
  console.log(`greeting ${name}`);
  engine.log.info(`the body has ${engine.rawBody.length} bytes`);
  engine.result.set({ hello: name }, 200, "json");
}
