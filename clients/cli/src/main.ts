/**
 * The one entry of `codeactions`. What the service itself does is for the service to understand, all else for the
 * command line; what a command needs is loaded when it is called for.
 */
const words = process.argv.slice(2);
const isOfService = ["serve", "api", "node", "doctor", "migrate", "settings"].includes(words[0] ?? "");

// For this process, and for nothing that it starts.
delete process.env.NODE_COMPILE_CACHE;
if (isOfService) await import("../../../src/main.ts");
else process.exitCode = await (await import("./program.ts")).main(words);

export {};
