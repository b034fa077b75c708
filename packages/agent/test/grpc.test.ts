import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { JoinedAgent } from "../src/testing/index.ts";

/** A gRPC message on the wire: not compressed, with its length before it. */
function message(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

const method = {
  path: "/echo.Echo/Say",
  requestStream: true,
  responseStream: true,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};

test("a gRPC call streams both ways and ends with its status in trailers", async () => {
  const server = new Server();
  server.addService(
    { Say: method },
    {
      Say: (call: NodeJS.ReadWriteStream & { emit(event: "error", error: object): boolean }) => {
        call.on("data", (text: unknown) => {
          if (text === "fail") call.emit("error", { code: status.NOT_FOUND, details: "nobody" });
          else call.write(`${String(text)}!`);
        });
        call.on("end", () => call.end());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const agent = new JoinedAgent();
  agent.publish([{ host: "127.0.0.1", port, protocol: "h2c" }]);
  const head =
    "POST /echo.Echo/Say HTTP/1.1\r\nhost: app.test\r\ncontent-type: application/grpc\r\ntransfer-encoding: chunked";
  for (const { last, code } of [
    { last: "two", code: "0" },
    { last: "fail", code: "5" },
  ]) {
    const { stream, answer } = agent.open(head, { ended: false });
    stream.write(message("one"), false);
    await answer.until(() => answer.buffer.includes("one!"));
    stream.write(message(last), code === "0");
    await answer.done();
    expect(answer.trailers).toContain(`grpc-status: ${code}\r\n`);
  }
  server.forceShutdown();
});
