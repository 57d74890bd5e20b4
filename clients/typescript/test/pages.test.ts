import assert from "node:assert/strict";
import { test } from "node:test";
import { CodeService, type ListCodesRequest } from "../src/gen/codeactions/v1/code_service_pb.ts";
import { createCodeActions } from "../src/node.ts";
import { all, serve } from "./service.ts";

/** A service with three pages of codes, the second of which is empty. */
async function paged() {
  const pages: Record<string, { ids: string[]; next: string }> = {
    "": { ids: ["a", "b"], next: "second" },
    second: { ids: [], next: "third" },
    third: { ids: ["c"], next: "" },
  };
  const asked: Pick<ListCodesRequest, "pageToken" | "pageSize" | "projectId">[] = [];
  const service = await serve(({ rpc }) =>
    rpc(CodeService.method.listCodes, ({ pageToken, pageSize, projectId }) => {
      asked.push({ pageToken, pageSize, projectId });
      const { ids, next } = pages[pageToken]!;
      return { codes: ids.map((id) => ({ id })), nextPageToken: next };
    }),
  );
  return { service, asked };
}

test("a list gives every item of every page, also past an empty one, in the fewest calls", async () => {
  const { service, asked } = await paged();
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  const codes = await all(client.listAllCodes({ projectId: "some" }));
  assert.deepEqual(
    codes.map(({ id }) => id),
    ["a", "b", "c"],
  );
  assert.deepEqual(
    asked,
    ["", "second", "third"].map((pageToken) => ({ pageToken, pageSize: 100, projectId: "some" })),
  );
});

test("a list starts at the caller's page, with pages of the caller's size", async () => {
  const { service, asked } = await paged();
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  const codes = await all(client.listAllCodes({ pageToken: "third", pageSize: 7 }));
  assert.equal(codes[0]?.id, "c");
  assert.deepEqual(asked, [{ pageToken: "third", pageSize: 7, projectId: "" }]);
});

test("a page is read when it is wanted", async () => {
  const { service, asked } = await paged();
  await using _ = service;
  using client = createCodeActions({ address: service.address });
  const codes = client.listAllCodes({});
  assert.equal(asked.length, 0);
  for await (const { id } of codes) if (id === "b") break;
  assert.equal(asked.length, 1);
});
