import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { started, WAYS } from "./service.ts";

for (const way of WAYS) {
  for (const { what, status, code } of [
    { what: "a web page", status: 200, code: Code.Unknown },
    { what: "nothing here", status: 404, code: Code.Unimplemented },
    { what: "a wrong method", status: 405, code: Code.Unknown },
  ])
    test(`a server that answers with ${what} is no service, and not asked again (${way.name})`, async () => {
      let asked = 0;
      const answer: RequestListener = (_, response) => {
        asked += 1;
        response.writeHead(status, { "content-type": "text/html" }).end("<html></html>");
      };
      await using server = await started(way.listen(answer));
      using client = way.create({ address: server.address });
      const expected = {
        code,
        reason: undefined,
        message: /^no Code Actions service answers at this address: /,
      };
      await assert.rejects(client.codes.getCode({ codeId: "some" }), expected);
      await assert.rejects(client.watch({ runId: "some" })[Symbol.asyncIterator]().next(), expected);
      assert.equal(asked, 2);
    });

  test(`a server that is too busy is asked again (${way.name})`, async () => {
    let asked = 0;
    const answer: RequestListener = (_, response) => {
      asked += 1;
      response.writeHead([503, 429][asked - 1] ?? 404, { "content-type": "text/html" }).end("<html></html>");
    };
    await using server = await started(way.listen(answer));
    using client = way.create({ address: server.address });
    await assert.rejects(client.codes.getCode({ codeId: "some" }), { code: Code.Unimplemented });
    assert.equal(asked, 3);
  });
}
