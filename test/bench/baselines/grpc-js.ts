import { Server, ServerCredentials } from "@grpc/grpc-js";
import { announce, answerFromFile } from "./answer.ts";

/** An empty `RunCode` on grpc-js, which is handed its messages as bytes: nothing is read or written. */

const answer = answerFromFile();
const same = (bytes: Buffer) => bytes;
const server = new Server();
server.addService(
  {
    runCode: {
      path: "/codeactions.v1.RunnerService/RunCode",
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  },
  { runCode: (_call: unknown, reply: (error: null, message: Buffer) => void) => reply(null, answer) },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  announce(port);
});
