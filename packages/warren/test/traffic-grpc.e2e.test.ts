import { once } from "node:events";
import { constants, type IncomingHttpHeaders } from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { testCertificates } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { session } from "./_kit/web-client.ts";

const HOST = "grpc.test";
const SECURE = "grpcs.test";
const certificates = testCertificates([HOST, SECURE, "127.0.0.1"]);
const raw = (bytes: Buffer) => bytes;
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Service/${path}`,
  requestStream,
  responseStream,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
});
const service = {
  echo: method("Echo", false, false),
  fail: method("Fail", false, false),
  hang: method("Hang", false, false),
  count: method("Count", false, true),
  sum: method("Sum", true, false),
  chat: method("Chat", true, true),
};

/** Calls of `hang` that were given up, as the service sees it. */
const cancelled: (() => void)[] = [];
let hanging = 0;
const hangBegun: (() => void)[] = [];

const handlers: grpc.UntypedServiceImplementation = {
  echo(call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
    const said = call.metadata.get("x-said");
    const head = new grpc.Metadata();
    for (const value of said) head.add("x-said-back", value);
    head.add("x-bin-bin", Buffer.of(0, 255, 10, 13));
    call.sendMetadata(head);
    const trailers = new grpc.Metadata();
    trailers.add("x-trailer", "at the end");
    done(null, call.request, trailers);
  },
  fail(_call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
    const metadata = new grpc.Metadata();
    metadata.add("x-why", "because");
    done({ code: grpc.status.FAILED_PRECONDITION, details: "no, ü%", metadata });
  },
  hang(call: grpc.ServerUnaryCall<Buffer, Buffer>) {
    hanging++;
    for (const heard of hangBegun.splice(0)) heard();
    call.on("cancelled", () => {
      hanging--;
      for (const heard of cancelled.splice(0)) heard();
    });
  },
  count(call: grpc.ServerWritableStream<Buffer, Buffer>) {
    for (let n = 0; n < Number(call.request.toString()); n++) call.write(Buffer.from(String(n)));
    call.end();
  },
  sum(call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
    let sum = 0;
    call.on("data", (part: Buffer) => (sum += Number(part.toString())));
    call.on("end", () => done(null, Buffer.from(String(sum))));
  },
  chat(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
    call.on("data", (part: Buffer) => call.write(Buffer.concat([Buffer.from("re: "), part])));
    call.on("end", () => call.end());
  },
};

const LARGE = 20 * 1_048_576;
const sizes = { "grpc.max_receive_message_length": LARGE, "grpc.max_send_message_length": LARGE };

async function grpcService(credentials: grpc.ServerCredentials) {
  const server = new grpc.Server(sizes);
  server.addService(service, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { port, close: () => server.forceShutdown() };
}

const owned = new AsyncDisposableStack();
let joined: Joined;

beforeAll(async () => {
  const plain = await grpcService(grpc.ServerCredentials.createInsecure());
  owned.defer(plain.close);
  const pair = {
    private_key: Buffer.from(certificates.server.key),
    cert_chain: Buffer.from(certificates.server.cert),
  };
  const secure = await grpcService(grpc.ServerCredentials.createSsl(null, [pair]));
  owned.defer(secure.close);
  joined = owned.use(
    await Joined.start({
      routes: [
        routeTo(HOST, plain.port, { protocol: "h2c" }),
        routeTo(SECURE, secure.port, { protocol: "h2" }),
      ],
      certificates: { grpc: certificates.server },
      serviceCa: certificates.ca,
    }),
  );
});
afterAll(() => owned.disposeAsync());

const unary = (
  client: grpc.Client,
  path: keyof typeof service,
  body: Buffer,
  {
    metadata = new grpc.Metadata(),
    ...options
  }: grpc.CallOptions & { metadata?: grpc.Metadata } = {},
) => {
  const outcome = Promise.withResolvers<{ body?: Buffer; error?: grpc.ServiceError }>();
  const call = client.makeUnaryRequest(
    service[path].path,
    raw,
    raw,
    body,
    metadata,
    options,
    (error, answer) => outcome.resolve(error === null ? { body: answer! } : { error }),
  );
  return { call, outcome: outcome.promise };
};

const fronts = [
  { front: "TLS", host: HOST, behind: "h2c" },
  { front: "h2c", host: HOST, behind: "h2c" },
  { front: "TLS", host: SECURE, behind: "TLS" },
  { front: "h2c", host: SECURE, behind: "TLS" },
];

describe.each(fronts)("gRPC over $front in front and $behind behind", ({ front, host }) => {
  const open = () => {
    const Client = grpc.makeGenericClientConstructor(service, "test.Service");
    const options = { ...sizes, "grpc.default_authority": host };
    const client =
      front === "h2c"
        ? new Client(`127.0.0.1:${joined.port}`, grpc.credentials.createInsecure(), options)
        : new Client(
            `127.0.0.1:${joined.tlsPort}`,
            grpc.credentials.createSsl(Buffer.from(certificates.ca)),
            { ...options, "grpc.ssl_target_name_override": host },
          );
    return Object.assign(client, { [Symbol.dispose]: () => client.close() });
  };
  test("a unary call with metadata, repeated and binary, in both directions", async () => {
    using client = open();
    const metadata = new grpc.Metadata();
    metadata.add("x-said", "one");
    metadata.add("x-said", "two");
    const { call, outcome } = unary(client, "echo", Buffer.from("hello"), { metadata });
    const head = once(call, "metadata");
    const status = once(call, "status");
    expect((await outcome).body!.toString()).toBe("hello");
    const [got] = (await head) as [grpc.Metadata];
    // Repeated fields may be joined by a comma on the way (RFC 9110 §5.3).
    expect(got.get("x-said-back").join(", ")).toBe("one, two");
    expect(got.get("x-bin-bin")).toEqual([Buffer.of(0, 255, 10, 13)]);
    const [{ code, metadata: trailers }] = (await status) as [grpc.StatusObject];
    expect(code).toBe(grpc.status.OK);
    expect(trailers.get("x-trailer")).toEqual(["at the end"]);
  });

  test("an error without a message (trailers only) keeps its code, details and metadata", async () => {
    using client = open();
    const { error } = await unary(client, "fail", Buffer.alloc(0)).outcome;
    expect(error).toMatchObject({ code: grpc.status.FAILED_PRECONDITION, details: "no, ü%" });
    expect(error!.metadata.get("x-why")).toEqual(["because"]);
  });

  test("an answer of trailers only is one block that ends the stream, as strict clients demand", async () => {
    const entry = { port: joined.port, tlsPort: joined.tlsPort, ca: certificates.ca, host };
    const client = session(front === "h2c", entry);
    const request = client.request({
      ":method": "POST",
      ":path": service.fail.path,
      ":authority": host,
      "content-type": "application/grpc",
      te: "trailers",
    });
    request.end(Buffer.alloc(5));
    const [head, flags] = (await once(request, "response")) as [IncomingHttpHeaders, number];
    client.destroy();
    expect(head["grpc-status"]).toBe(String(grpc.status.FAILED_PRECONDITION));
    expect(flags & constants.NGHTTP2_FLAG_END_STREAM).not.toBe(0);
  });

  test("a method that does not exist is the service's UNIMPLEMENTED", async () => {
    using client = open();
    const outcome = await new Promise<grpc.ServiceError | null>((resolve) =>
      client.makeUnaryRequest("/test.Service/No", raw, raw, Buffer.alloc(0), (error) =>
        resolve(error),
      ),
    );
    expect(outcome?.code).toBe(grpc.status.UNIMPLEMENTED);
  });

  test("messages of 16 MB pass", async () => {
    using client = open();
    const body = Buffer.alloc(16 * 1_048_576, "large");
    const answer = await unary(client, "echo", body).outcome;
    expect(answer.error).toBeUndefined();
    expect(answer.body!.equals(body)).toBe(true);
  });

  test("a server streams", async () => {
    using client = open();
    const { path } = service.count;
    const call = client.makeServerStreamRequest(path, raw, raw, Buffer.from("1000"));
    const got: number[] = [];
    for await (const part of call) got.push(Number(String(part)));
    expect(got).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  });

  test("a client streams", async () => {
    using client = open();
    const answer = Promise.withResolvers<Buffer | undefined>();
    const call = client.makeClientStreamRequest(service.sum.path, raw, raw, (error, body) =>
      error === null ? answer.resolve(body) : answer.reject(error),
    );
    for (let n = 1; n <= 100; n++) call.write(Buffer.from(String(n)));
    call.end();
    expect(String(await answer.promise)).toBe("5050");
  });

  test("both stream, in lock-step", async () => {
    using client = open();
    const call = client.makeBidiStreamRequest(service.chat.path, raw, raw);
    for (let n = 0; n < 20; n++) {
      call.write(Buffer.from(`message ${n}`));
      const [answer] = (await once(call, "data")) as [Buffer];
      expect(answer.toString()).toBe(`re: message ${n}`);
    }
    const status = once(call, "status");
    call.end();
    expect(((await status) as [grpc.StatusObject])[0].code).toBe(grpc.status.OK);
  });

  test("a deadline ends the call here and there", async () => {
    using client = open();
    const heard = new Promise<void>((resolve) => cancelled.push(resolve));
    const { outcome } = unary(client, "hang", Buffer.alloc(0), { deadline: Date.now() + 300 });
    expect((await outcome).error?.code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await heard;
  });

  test("a cancelled call is cancelled at the service within a second", async () => {
    using client = open();
    const begun = new Promise<void>((resolve) => hangBegun.push(resolve));
    const heard = new Promise<void>((resolve) => cancelled.push(resolve));
    const { call, outcome } = unary(client, "hang", Buffer.alloc(0));
    await begun;
    const since = performance.now();
    call.cancel();
    expect((await outcome).error?.code).toBe(grpc.status.CANCELLED);
    await heard;
    expect(performance.now() - since).toBeLessThan(1_000);
    expect(hanging).toBe(0);
  });
});
