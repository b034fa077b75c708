import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { FrontKit, type AgentStream } from "./_front-kit.ts";

/** A gRPC message on the wire: a flag, a length, the bytes. */
function message(text: string): Buffer {
  const bytes = Buffer.alloc(5 + text.length);
  bytes.writeUInt32BE(text.length, 1);
  bytes.write(text, 5);
  return bytes;
}
const asIs = (bytes: Buffer): Buffer => bytes;
const HEAD = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: application/grpc";

function dial(kit: FrontKit): Client {
  return new Client(`127.0.0.1:${kit.front.ports.http}`, credentials.createInsecure(), {
    "grpc.default_authority": "app.test",
  });
}

function end(stream: AgentStream, lines: string): void {
  stream.opened.trailers(Buffer.from(lines));
}

test("a unary call gets its message, its trailers and its status", async () => {
  await using kit = await FrontKit.start();
  using client = Object.assign(dial(kit), { [Symbol.dispose]: () => client.close() });
  const metadata = new Metadata();
  metadata.set("x-call", "1");
  const trailers = Promise.withResolvers<Metadata>();
  const answer = new Promise<Buffer>((resolve, reject) => {
    const call = client.makeUnaryRequest(
      "/echo.Echo/Say",
      asIs,
      asIs,
      Buffer.from("ping"),
      metadata,
      (error, value) => (error === null ? resolve(value!) : reject(error)),
    );
    call.on("status", (said) => trailers.resolve(said.metadata));
  });
  const stream = await (await kit.stream()).requested();
  expect(stream.target).toBe("/echo.Echo/Say");
  expect(stream.field("x-call")).toBe("1");
  expect(stream.body.equals(message("ping"))).toBe(true);
  stream.say(HEAD);
  stream.write(message("pong"));
  end(stream, "grpc-status: 0\r\nx-sum: 4\r\n");
  expect(String(await answer)).toBe("pong");
  expect((await trailers.promise).get("x-sum")).toEqual(["4"]);
});

test("messages pass both ways as they come, and each side ends by itself", async () => {
  await using kit = await FrontKit.start();
  using client = Object.assign(dial(kit), { [Symbol.dispose]: () => client.close() });
  const call = client.makeBidiStreamRequest("/echo.Echo/Chat", asIs, asIs);
  const heard: string[] = [];
  const ended = new Promise<number>((resolve) => call.on("status", ({ code }) => resolve(code)));
  call.on("error", () => {});
  call.write(Buffer.from("one"));
  const stream = await kit.stream();
  await stream.until((s) => s.body.equals(message("one")));
  stream.say(HEAD);
  const first = new Promise((resolve) => call.once("data", resolve));
  call.on("data", (bytes: Buffer) => heard.push(String(bytes)));
  stream.write(message("uno"));
  await first;
  call.write(Buffer.from("two"));
  call.end();
  await stream.requested();
  stream.write(message("due"));
  end(stream, "grpc-status: 0\r\n");
  expect(await ended).toBe(status.OK);
  expect(heard).toEqual(["uno", "due"]);
});

test("an error that is all trailers arrives as its status", async () => {
  await using kit = await FrontKit.start();
  using client = Object.assign(dial(kit), { [Symbol.dispose]: () => client.close() });
  kit.onStream = (stream) =>
    stream.say(`${HEAD}\r\ngrpc-status: 5\r\ngrpc-message: not%20here`, true);
  const error = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest("/echo.Echo/Say", asIs, asIs, Buffer.from("x"), resolve);
  });
  expect(error).toMatchObject({ code: status.NOT_FOUND, details: "not here" });
});

test("a cancelled call cancels its stream; a lost one fails", async () => {
  await using kit = await FrontKit.start();
  using client = Object.assign(dial(kit), { [Symbol.dispose]: () => client.close() });
  const call = client.makeServerStreamRequest("/echo.Echo/Watch", asIs, asIs, Buffer.from("x"));
  call.on("error", () => {}).on("data", () => {});
  const stream = await (await kit.stream()).requested();
  stream.say(HEAD);
  call.cancel();
  expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("cancelled");
  kit.onStream = (next) => next.opened.reset(new WireError("tunnel_lost", ""));
  const error = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest("/echo.Echo/Say", asIs, asIs, Buffer.from("x"), resolve);
  });
  expect(error?.code).toBe(status.UNAVAILABLE);
});
