import { S3ServiceException } from "@aws-sdk/client-s3";
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { freePort, Waiting } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { FileMeta } from "../src/files/ports.ts";
import { classifyS3 } from "../src/files/s3-bucket.ts";
import { expectedSignature } from "./_sigv4.ts";
import { all, bytesOf, chunks, s3Files, s3Store, Wall } from "./_files.ts";

const NEVER = new AbortController().signal;
const META: FileMeta = { owner: "user:alice", name: "Grüße.txt", type: "text/plain", kind: "file" };
const wall = () => {
  const real = new Wall();
  // The server compares signatures' dates with its own clock.
  real.ms = Date.now();
  return real;
};

const named = (name: string) => Object.assign(new Error("x"), { name });
const answered = (httpStatusCode: number) =>
  new S3ServiceException({ name: "x", $fault: "client", $metadata: { httpStatusCode } });
const signatureIn = (url: string) => new URL(url).searchParams.get("X-Amz-Signature");

describe("a link into the bucket", () => {
  test("gives the file to whoever has it, as the link says", async () => {
    await using store = await s3Store(wall());
    const file = await store.files.put(chunks("hello"), META, NEVER);
    const url = await store.files.direct.link(file, "attachment", 60_000);
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("hello");
    expect(answer.headers.get("content-disposition")).toContain("attachment;");
  });

  test("saves a drawing, whatever it was asked to do", async () => {
    await using store = await s3Store(wall());
    const svg = { ...META, name: "a.svg", type: "image/svg+xml" };
    const file = await store.files.put(chunks("<svg/>"), svg, NEVER);
    const answer = await fetch(await store.files.direct.link(file, "inline", 60_000));
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment;/);
  });

  test("is signed for that file, and for so long", async () => {
    await using store = await s3Store(wall());
    const file = await store.files.put(chunks("hello"), META, NEVER);
    const url = await store.files.direct.link(file, "inline", 90_000);
    expect(signatureIn(url)).toBe(
      expectedSignature(url, { method: "GET", headers: {}, secret: "S3RVER" }),
    );
    expect(new URL(url).searchParams.get("X-Amz-Expires")).toBe("90");
  });

  test("would be told from a forged one by our own reckoning: AWS's example", () => {
    const url =
      "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host";
    const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    expect(expectedSignature(url, { method: "GET", headers: {}, secret })).toBe(
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    );
  });
});

describe("an upload past this process", () => {
  test("is no file until it is accepted, then has all that was said of it", async () => {
    await using store = await s3Store(wall());
    const bytes = randomBytes(1_000);
    const offer = await store.files.direct.offer(META.owner, bytes.length, 60_000);
    const put = await fetch(offer.url, {
      method: offer.method,
      body: bytes,
      headers: offer.headers,
    });
    expect(put.status).toBe(200);
    expect(await store.files.head(offer.id)).toBeUndefined();
    const came = await store.files.direct.incoming(META.owner, offer.id);
    expect(came).toMatchObject({ bytes: 1_000 });
    expect(
      (await bytesOf(await store.files.direct.open(META.owner, offer.id, NEVER))).equals(bytes),
    ).toBe(true);
    const file = await store.files.direct.accept(offer.id, came!.version, META);
    expect(file).toMatchObject({ ...META, id: offer.id, bytes: 1_000 });
    expect(await all(store.files.ofOwner(META.owner))).toEqual([file]);
    expect(await store.files.direct.incoming(META.owner, offer.id)).toBeUndefined();
  });

  test("is its owner's alone", async () => {
    await using store = await s3Store(wall());
    const offer = await store.files.direct.offer(META.owner, 1, 60_000);
    await fetch(offer.url, { method: "PUT", body: "x" });
    expect(await store.files.direct.incoming("user:eve", offer.id)).toBeUndefined();
    expect(await store.files.direct.open("user:eve", offer.id, NEVER)).toBeUndefined();
    expect(
      await store.files.direct.accept(offer.id, "", { ...META, owner: "user:eve" }),
    ).toBeUndefined();
    expect(await all(store.files.ofOwner("user:eve"))).toEqual([]);
  });

  test("cannot replace a file that was accepted", async () => {
    await using store = await s3Store(wall());
    const offer = await store.files.direct.offer(META.owner, 5, 60_000);
    await fetch(offer.url, { method: "PUT", body: "first" });
    const { version } = (await store.files.direct.incoming(META.owner, offer.id))!;
    await store.files.direct.accept(offer.id, version, META);
    await fetch(offer.url, { method: "PUT", body: "again" });
    const again = (await store.files.direct.incoming(META.owner, offer.id))!;
    expect(await store.files.direct.accept(offer.id, again.version, META)).toBeUndefined();
    const body = await store.files.get(offer.id, undefined, NEVER);
    expect((await bytesOf(body)).toString()).toBe("first");
    expect(await all(store.files.ofOwner(META.owner))).toHaveLength(1);
  });

  test("is signed for its exact length, which the store holds the browser to", async () => {
    await using store = await s3Store(wall());
    const { url } = await store.files.direct.offer(META.owner, 5, 60_000);
    const of = (length: string) =>
      expectedSignature(url, {
        method: "PUT",
        headers: { "content-length": length },
        secret: "S3RVER",
      });
    expect(new URL(url).searchParams.get("X-Amz-SignedHeaders")).toBe("content-length;host");
    expect(signatureIn(url)).toBe(of("5"));
    expect(signatureIn(url)).not.toBe(of("6"));
  });

  test("that nobody claims is swept, and erased with its owner", async () => {
    const now = wall();
    await using store = await s3Store(now);
    const offers = [];
    for (let i = 0; i < 2; i++) {
      offers.push(await store.files.direct.offer(META.owner, 1, 60_000));
      await fetch(offers[i]!.url, { method: "PUT", body: "x" });
    }
    expect(await store.files.sweep(now.ms)).toBe(0);
    await store.files.removeOwner(META.owner);
    expect(await store.files.direct.incoming(META.owner, offers[0]!.id)).toBeUndefined();
    const last = await store.files.direct.offer(META.owner, 1, 60_000);
    await fetch(last.url, { method: "PUT", body: "x" });
    expect(await store.files.sweep(now.ms + 1)).toBe(1);
  });
});

test.each([
  { name: "a silence that the SDK noticed", error: named("TimeoutError"), kind: "transient" },
  {
    name: "credentials that are nowhere",
    error: named("CredentialsProviderError"),
    kind: "permanent",
  },
  { name: "a wrong key", error: answered(403), kind: "permanent" },
  { name: "nothing there", error: answered(404), kind: "not-a-failure" },
  { name: "an overload", error: answered(503), kind: "transient" },
  { name: "a bug", error: new TypeError("x"), kind: "not-a-failure" },
])("$name is $kind", ({ error, kind }) => {
  expect(classifyS3(error)).toBe(kind);
});

describe("a bucket that is not well", () => {
  test("because nobody listens: the call fails, the source is left", async () => {
    const files = s3Files(`http://127.0.0.1:${await freePort()}`, wall());
    await expect(files.head("0".repeat(32))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(files.put(chunks("x"), META, NEVER)).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });

  test("because it is overloaded: it is asked again, by the guard alone", async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.writeHead(503, { "content-type": "application/xml" });
      response.end("<Error><Code>SlowDown</Code></Error>");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const files = s3Files(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, wall());
    await expect(files.head("0".repeat(32))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 503 },
    });
    expect(asked).toBe(4);
    server.closeAllConnections();
    server.close();
  });

  test("because answers are lost: what was stored all the same is taken back", async () => {
    await using store = await s3Store(wall());
    let stored = 0;
    const pass = async (request: IncomingMessage, response: ServerResponse) => {
      const { method = "", url = "", headers } = request;
      const body = Buffer.concat(await all(request as AsyncIterable<Buffer>));
      const { "content-type": type = "", ...rest } = headers as Record<string, string>;
      const said = Object.entries(rest).filter(([name]) => /^(x-amz-|authorization)/.test(name));
      const answer = await fetch(`${store.endpoint}${url}`, {
        method,
        headers: { ...Object.fromEntries(said), ...(type !== "" && { "content-type": type }) },
        ...(method === "PUT" && { body }),
      });
      await answer.arrayBuffer();
      if (method !== "PUT" || !url.includes("/objects/"))
        return response.writeHead(answer.status).end();
      if (answer.ok) stored += 1;
      return response.destroy();
    };
    const proxy = createServer((request, response) => void pass(request, response));
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const files = s3Files(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, wall());
    await expect(files.put(chunks("x"), META, NEVER)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(stored).toBe(4);
    expect(await all(store.files.storedBefore(Number.MAX_SAFE_INTEGER))).toEqual([]);
    proxy.closeAllConnections();
    proxy.close();
  });

  test("because it takes no bytes: no more than its parts are read ahead", async () => {
    const parts = new Waiting();
    let hanging = 0;
    const server = createServer((request, response) => {
      request.resume();
      if (request.method === "POST") {
        response.setHeader("content-type", "application/xml");
        response.end(
          '<?xml version="1.0"?><InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>',
        );
      } else if (request.url?.includes("partNumber") === true) {
        hanging += 1;
        parts.look();
      } else response.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const files = s3Files(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, wall());
    let read = 0;
    async function* endless() {
      for (;;) {
        read += 65_536;
        yield Buffer.alloc(65_536);
      }
    }
    const putting = files.put(endless(), META, NEVER);
    putting.catch(() => {});
    await parts.until(() => hanging === 2);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(read).toBeLessThan(3 * 5 * 1_048_576);
    server.closeAllConnections();
    server.close();
    await expect(putting).rejects.toThrow();
  });
});
