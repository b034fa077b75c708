import { connect as connectPlain, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { connect } from "node:tls";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readClientHello, Refusal, UNRECOGNIZED_NAME_ALERT } from "../src/index.ts";

/** What Node's own TLS client says first. */
async function helloOf(options: {
  servername?: string;
  ALPNProtocols?: string[];
}): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect({ host: "127.0.0.1", port, ...options }).on("error", () => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  const parts: Buffer[] = [];
  for await (const part of socket) {
    parts.push(part as Buffer);
    if (readClientHello(Buffer.concat(parts)) !== "more") break;
  }
  client.destroy();
  server.close();
  return Buffer.concat(parts);
}

/** The same handshake data in records of `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const data = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < data.length; at += size) {
    const part = data.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

/** 16 kB of records, far from the end of the message in them. */
const ONE_BYTE_RECORDS = [1, 0, 0x3f, 0]
  .concat(Array<number>(4000).fill(0))
  .flatMap((byte) => [22, 3, 1, 0, 1, byte]);

let hello: Buffer;
beforeAll(async () => {
  hello = await helloOf({ servername: "App.Example.com", ALPNProtocols: ["h2", "acme-tls/1"] });
});

describe("a ClientHello", () => {
  test("names the server and the protocols", () => {
    const want = { serverName: "app.example.com", protocols: ["h2", "acme-tls/1"] };
    expect(readClientHello(hello)).toEqual(want);
    expect(readClientHello(Buffer.concat([hello, Buffer.from("more")]))).toEqual(want);
  });

  test("may name neither", async () => {
    expect(readClientHello(await helloOf({}))).toEqual({ serverName: undefined, protocols: [] });
  });

  test("is put together again from records of any size", () => {
    for (const size of [1, 2, 3, 4, 7, 100]) {
      expect(readClientHello(inRecords(hello, size))).toEqual(readClientHello(hello));
    }
  });

  test("needs all of its bytes", () => {
    for (let cut = 0; cut < hello.length; cut++) {
      expect(readClientHello(hello.subarray(0, cut))).toBe("more");
    }
  });

  test("is told from what is no TLS by its first two bytes", () => {
    expect(readClientHello(Buffer.from("GET / HTTP/1.1"))).toBe("not-tls");
    expect(readClientHello(Buffer.from([22, 2]))).toBe("not-tls");
    expect(readClientHello(Buffer.from([0x80, 0x2e, 1, 3, 1]))).toBe("not-tls");
    expect(readClientHello(Buffer.from([22]))).toBe("more");
  });

  test.each([
    { name: "too long, as it says itself", bytes: [22, 3, 1, 0, 4, 1, 0, 0x40, 0] },
    { name: "in endless records", bytes: ONE_BYTE_RECORDS },
    { name: "with an empty record", bytes: [22, 3, 1, 0, 0] },
    { name: "with a record of another type", bytes: [22, 3, 1, 0, 1, 1, 23, 3, 3, 0, 1, 0] },
    { name: "that is a ServerHello", bytes: [22, 3, 1, 0, 4, 2, 0, 0, 1] },
    { name: "cut short inside", bytes: [22, 3, 1, 0, 5, 1, 0, 0, 1, 3] },
  ])("is refused: $name", ({ bytes }) => {
    expect(readClientHello(Uint8Array.from(bytes))).toBeInstanceOf(Refusal);
  });

  test("is refused when its server name is none", () => {
    const text = hello.toString("latin1");
    for (const name of ["App.Example.c\0m", "App Example.com", "../.Example.com"]) {
      const bytes = Buffer.from(
        text.replace("app.example.com", name).replace("App.Example.com", name),
        "latin1",
      );
      expect(readClientHello(bytes)).toBeInstanceOf(Refusal);
    }
  });

  test("with any bytes changed and cut anywhere never makes the reader fail or change its mind", () => {
    const changes = fc.array(fc.tuple(fc.nat(hello.length), fc.nat(255)), { maxLength: 5 });
    const size = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(changes, size, fc.nat(3000), (changes, size, cut) => {
        const changed = Buffer.from(hello);
        for (const [at, value] of changes) if (at > 5) changed[at] = value;
        const bytes = inRecords(changed, size);
        const early = readClientHello(bytes.subarray(0, cut));
        if (early !== "more") expect(readClientHello(bytes)).toEqual(early);
      }),
      { numRuns: 2000 },
    );
  });
});

test("OpenSSL understands the alert", async () => {
  const server = createServer((socket) => {
    socket.once("data", () => socket.end(UNRECOGNIZED_NAME_ALERT));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect({ socket: connectPlain(port, "127.0.0.1"), servername: "a.b" });
  const [error] = (await once(client, "error").catch((error: unknown) => [error])) as [Error];
  expect(error.message).toMatch(/unrecognized name/i);
  server.close();
});
