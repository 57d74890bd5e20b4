import { toJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import { RoleSchema, type Token, TokenSchema } from "../../../typescript/src/node.ts";
import { choice, examples, laterMoment, type ServiceOptions, serviceOptions } from "../options.ts";
import { openService } from "../service.ts";
import type { Shell } from "../shell.ts";
import { printTable } from "../table.ts";
import { shown } from "../terminal.ts";
import { timeText } from "../times.ts";
import { numberOf, wordOf, wordsOf } from "../words.ts";

interface Options extends ServiceOptions {
  readonly json?: boolean;
  readonly role: string;
  readonly expires?: Date;
}

export function define(command: Command, shell: Shell): void {
  const { terminal, signal } = shell;
  const list = serviceOptions(command.command("list", { isDefault: true }))
    .description("List the project's tokens, newest first")
    .option("--json", "Print them as JSON")
    .action(async (options: Options) => {
      using service = await openService(options, shell);
      const { id: projectId } = await service.project();
      const tokens: Token[] = [];
      for await (const token of service.client.listAllTokens({ projectId }, { signal })) tokens.push(token);
      if (options.json) return terminal.printJson(tokens.map((token) => toJson(TokenSchema, token)));
      printTable(
        shell,
        ["TOKEN", "ROLE", "CREATED", "ENDS", "ID"],
        tokens.map((token) => [
          shown(token.name),
          wordOf(RoleSchema, token.role),
          timeText(token.createTime),
          token.revokeTime === undefined ? timeText(token.expireTime) || "never" : "revoked",
          token.id,
        ]),
      );
    });
  const create = serviceOptions(command.command("create"))
    .description("Make a token; its secret is printed on stdout, this once")
    .argument("<name>", "What it is for")
    .addOption(choice("--role <role>", "What its bearer may do", wordsOf(RoleSchema)).makeOptionMandatory())
    .option("--expires <when>", "When it ends by itself, as 30d or 2030-01-31; never if absent", laterMoment)
    .option("--json", "Print token and secret as JSON")
    .action(async (name: string, { role, expires, json, ...options }: Options) => {
      using service = await openService(options, shell);
      const { id: projectId } = await service.project();
      const expireTime = expires === undefined ? {} : { expireTime: timestampFromDate(expires) };
      const request = { projectId, name, role: numberOf(RoleSchema, role)!, ...expireTime };
      const { token, secret } = await service.client.projects.createToken(request, { signal });
      if (json) return terminal.printJson({ token: toJson(TokenSchema, token!), secret });
      terminal.note(
        `${terminal.err.green("✓")} created token ${shown(name)} (${token!.id}); its secret is shown this once:`,
      );
      terminal.print(secret);
    });
  const revoke = serviceOptions(command.command("revoke"))
    .description("Make a token worthless, at once and for good")
    .argument("<id>", "The token's id")
    .action(async (tokenId: string, options: Options) => {
      using service = await openService(options, shell);
      const { id: projectId } = await service.project();
      const { token } = await service.client.projects.revokeToken({ projectId, tokenId }, { signal });
      terminal.note(`${terminal.err.green("✓")} revoked token ${shown(token!.name)}`);
    });
  examples(command, [
    ["codeactions tokens", "list them"],
    ["codeactions tokens create ci --role editor --expires 90d", "one that may deploy"],
  ]);
  examples(list, [["codeactions tokens list --project demo", "of another project"]]);
  examples(create, [["codeactions tokens create ci --role editor > secret", "keep the secret in a file"]]);
  examples(revoke, [["codeactions tokens revoke 0199a0b0-0000-7000-8000-000000000000", "by its id"]]);
}
