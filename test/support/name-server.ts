import { createSocket } from "node:dgram";
import { once } from "node:events";

const A = 1;
const HEADER_BYTES = 12;

/** A name server that says of every name that it is at one IPv4 address of this host, where it is itself. */
export async function startNameServer(address: string): Promise<{ address: string } & Disposable> {
  const server = createSocket("udp4", (query, from) => {
    let end = HEADER_BYTES;
    while (query[end] !== 0) end += query[end]! + 1;
    const question = query.subarray(HEADER_BYTES, end + 5);
    const isKnown = query.readUInt16BE(end + 1) === A;
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    // An answer to a question that may be passed on; one question, and one answer or none.
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(isKnown ? 1 : 0, 6);
    const answer = Buffer.from([
      0xc0,
      HEADER_BYTES,
      0,
      A,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      4,
      ...address.split(".").map(Number),
    ]);
    server.send(Buffer.concat([header, question, ...(isKnown ? [answer] : [])]), from.port, from.address);
  });
  server.bind(0, address);
  await once(server, "listening");
  return { address: `${address}:${server.address().port}`, [Symbol.dispose]: () => server.close() };
}
