import { once } from "node:events";
import { createServer } from "node:http";
import { listen } from "@warren/host";
import { rawClient } from "@warren/host/testing";
import type { ChatError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import type { Files, FileUpkeep } from "../src/files/ports.ts";
import { all, bytesOf, chunks, folderStore } from "./_files.ts";
import { NEVER, PNG, refusal, uploading, WEBM } from "./_uploads.ts";

/** Bytes of a text that never ends, and how far it was read. */
function endless() {
  const read = { bytes: 0, isLeft: false };
  async function* source() {
    try {
      for (;;) {
        read.bytes += 65_536;
        yield Buffer.alloc(65_536, "a");
      }
    } finally {
      read.isLeft = true;
    }
  }
  return { read, source: source() };
}
/** Gives its first bytes, then waits until it is left or told to go on. */
function stuck(first: Buffer = PNG) {
  const more = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  async function* source() {
    yield first;
    asked.resolve();
    await more.promise;
  }
  return { source: source(), goOn: more.resolve, isStuck: asked.promise };
}
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** An ELF's beginning, and no end. */
async function* program() {
  yield Buffer.from("7f454c460201", "hex");
  yield* endless().source;
}

describe("an upload", () => {
  test("is stored under its owner and name, with the type of its content", async () => {
    await using store = await folderStore();
    const { send } = uploading(store.files);
    const file = await send({ source: chunks(PNG, 7) });
    expect(file).toMatchObject({
      owner: "user:alice",
      name: "secret-name.png",
      type: "image/png",
      bytes: PNG.length,
    });
    expect((await bytesOf(await store.files.get(file.id, undefined, NEVER))).equals(PNG)).toBe(
      true,
    );
  });

  test("comes out of a browser's form", async () => {
    await using store = await folderStore();
    const { uploads } = uploading(store.files);
    const form = new FormData();
    form.append("kind", "voice");
    form.append("file", new File([WEBM], "note.webm", { type: "audio/webm" }));
    const request = new Request("http://x/", { method: "POST", body: form });
    const file = await uploads.receiveForm(
      { owner: "user:alice", declaredBytes: undefined, source: request.body! },
      request.headers.get("content-type")!,
      NEVER,
    );
    expect(await store.files.head(file.id)).toMatchObject({
      kind: "voice",
      type: "audio/webm",
      bytes: WEBM.length,
    });
  });

  test("of exactly the limit is taken, of one byte more is not, and nothing of it stays", async () => {
    await using store = await folderStore();
    const { send } = uploading(store.files, { mostBytes: 100_000 });
    const text = { name: "a.txt" };
    const file = await send({ ...text, source: chunks("a".repeat(100_000)) });
    expect(file.bytes).toBe(100_000);
    const error = await refusal(send({ ...text, source: chunks("a".repeat(100_001)) }));
    expect(error).toMatchObject({ code: "INVALID_FILE_SIZE", http: 413 });
    expect(await all(store.files.ofOwner("user:alice"))).toHaveLength(1);
  });

  test("without end is left at the limit, not after it", async () => {
    await using store = await folderStore();
    const { send } = uploading(store.files, { mostBytes: 1_000_000 });
    const { read, source } = endless();
    expect(await refusal(send({ name: "a.txt", source }))).toMatchObject({
      code: "INVALID_FILE_SIZE",
    });
    await settled();
    expect(read).toEqual({ bytes: 1_048_576, isLeft: true });
  });

  test("that says it is too large is refused unread", async () => {
    await using store = await folderStore();
    const { send } = uploading(store.files);
    const { read, source } = endless();
    const error = await refusal(send({ source, declaredBytes: 200_000_000 }));
    expect(error).toMatchObject({ code: "INVALID_FILE_SIZE" });
    expect(read.bytes).toBe(0);
  });

  test("of a forbidden content is left at its beginning, whatever its name says", async () => {
    await using store = await folderStore();
    const { send } = uploading(store.files);
    expect(await refusal(send({ source: program() }))).toMatchObject({ code: "INVALID_FILE_TYPE" });
    expect(await all(store.files.ofOwner("user:alice"))).toEqual([]);
  });

  test("that turns bad at its end leaves nothing", async () => {
    await using store = await folderStore();
    const { send } = uploading(store.files);
    const svg = `<svg>${'<path d="M0 0"/>'.repeat(20_000)}<script/></svg>`;
    const error = await refusal(send({ name: "a.svg", source: chunks(svg) }));
    expect(error).toMatchObject({ code: "INVALID_FILE_TYPE" });
    expect(await all(store.files.ofOwner("user:alice"))).toEqual([]);
    expect(await store.files.sweep(Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  test("called a voice note is a sound, or refused", async () => {
    await using store = await folderStore();
    const { send } = uploading(store.files);
    expect(await refusal(send({ kind: "voice", source: chunks(PNG) }))).toMatchObject({
      code: "INVALID_FILE_TYPE",
    });
    expect(await send({ kind: "voice", name: "n.webm", source: chunks(WEBM) })).toMatchObject({
      type: "audio/webm",
    });
    expect(await send({ kind: "file", name: "n.webm", source: chunks(WEBM) })).toMatchObject({
      type: "video/webm",
    });
  });

  test("that stands still is given up, and its place is free again", async () => {
    await using store = await folderStore();
    const { send, clock } = uploading(store.files, { mostAtOncePerOwner: 1 });
    const { source, isStuck } = stuck();
    const waiting = refusal(send({ source }));
    await isStuck;
    clock.advance(30_000);
    expect(await waiting).toMatchObject({ code: "BAD_REQUEST" });
    expect(await send({ source: chunks(PNG) })).toMatchObject({ bytes: PNG.length });
    expect(clock.pending).toBe(0);
  });

  test.each([
    { name: "was stored", content: PNG, outcome: undefined },
    {
      name: "was refused",
      content: Buffer.from("#!/bin/sh"),
      outcome: { code: "INVALID_FILE_TYPE" },
    },
  ])("leaves no timer and no reader behind once it $name", async ({ content, outcome }) => {
    await using store = await folderStore();
    const { uploads, clock } = uploading(store.files);
    const head = '--X\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n';
    let isLeft = false;
    async function* source() {
      try {
        yield Buffer.concat([Buffer.from(head), content, Buffer.from("\r\n--X--")]);
        yield Buffer.from("more");
      } finally {
        isLeft = true;
      }
    }
    const asked = { owner: "user:alice", declaredBytes: undefined, source: source() };
    const type = "multipart/form-data; boundary=X";
    const error = await refusal(uploads.receiveForm(asked, type, NEVER));
    if (outcome === undefined) expect(error).toBeUndefined();
    else expect(error).toMatchObject(outcome);
    await settled();
    expect(isLeft).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("that stands still within its form's head is given up too", async () => {
    await using store = await folderStore();
    const { uploads, clock } = uploading(store.files);
    const { source, isStuck } = stuck(Buffer.from("--X\r\nContent-Disp"));
    const asked = { owner: "user:alice", declaredBytes: undefined, source };
    const waiting = refusal(uploads.receiveForm(asked, "multipart/form-data; boundary=X", NEVER));
    await isStuck;
    clock.advance(30_000);
    expect(await waiting).toMatchObject({ code: "BAD_REQUEST" });
    expect(clock.pending).toBe(0);
  });

  test("that drips is given up in the end", async () => {
    await using store = await folderStore();
    const { send, clock } = uploading(store.files, { longestMs: 120_000 });
    const drops = Array.from({ length: 12 }, () => Promise.withResolvers<void>());
    const asked = drops.map(() => Promise.withResolvers<void>());
    async function* dripping() {
      for (const [i, { promise }] of drops.entries()) {
        yield Buffer.from("a");
        asked[i]!.resolve();
        await promise;
      }
    }
    const upload = refusal(send({ name: "a.txt", source: dripping() }));
    for (const [i, { resolve }] of drops.entries()) {
      await asked[i]!.promise;
      clock.advance(10_000);
      resolve();
    }
    expect(await upload).toMatchObject({ code: "BAD_REQUEST" });
  });

  test("whose sender left ends at once, and nothing of it stays", async () => {
    await using store = await folderStore();
    const { send, log } = uploading(store.files);
    const client = new AbortController();
    const { source, isStuck } = stuck();
    const upload = refusal(send({ source }, client.signal));
    await isStuck;
    client.abort(new Error("gone"));
    expect(await upload).toMatchObject({ code: "BAD_REQUEST", message: "the upload broke off" });
    expect(await store.files.sweep(Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("that a socket cuts leaves nothing, and wakes nobody", async () => {
    await using store = await folderStore();
    const { uploads, log } = uploading(store.files);
    const ended = Promise.withResolvers<ChatError | undefined>();
    const server = createServer((request) => {
      const { headers } = request;
      const asked = { owner: "user:alice", declaredBytes: 900_000, source: request };
      ended.resolve(refusal(uploads.receiveForm(asked, headers["content-type"], NEVER)));
    });
    await using listener = await listen(server, {
      host: "127.0.0.1",
      port: 0,
      fd: undefined,
      said: { host: "", port: "" },
    });
    const head = '--X\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n';
    using client = rawClient(
      listener.port,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: 900000\r\n\r\n${head}`,
    );
    client.send(PNG);
    await once(server, "request");
    client.socket.resetAndDestroy();
    expect(await ended.promise).toMatchObject({ code: "BAD_REQUEST" });
    expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(await store.files.sweep(Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  test("is one of so many of its owner, and of all, at once", async () => {
    await using store = await folderStore();
    const { send, metrics } = uploading(store.files, { mostAtOncePerOwner: 2, mostAtOnce: 3 });
    const held = [stuck(), stuck(), stuck()];
    const owners = ["user:alice", "user:alice", "user:bob"];
    const uploads = held.map(({ source }, i) => send({ owner: owners[i]!, source }));
    const mine = await refusal(send({ source: chunks(PNG) }));
    expect(mine).toMatchObject({ code: "RATE_LIMITED", http: 429, retryAfterMs: 5_000 });
    expect(await refusal(send({ owner: "user:eve", source: chunks(PNG) }))).toMatchObject({
      code: "RATE_LIMITED",
    });
    expect(await metrics.text()).toContain("chat_uploads_under_way 3");
    for (const { goOn } of held) goOn();
    await Promise.all(uploads);
    expect(await metrics.text()).toContain("chat_uploads_under_way 0");
    await send({ source: chunks(PNG) });
  });

  test("is within its owner's space, also when several come at once", async () => {
    await using store = await folderStore();
    const { send } = uploading(store.files, { mostBytes: 1_000 }, 2_500);
    const text = (bytes: number) => send({ name: "a.txt", source: chunks("a".repeat(bytes)) });
    await Promise.all([text(1_000), text(1_000)]);
    expect(await refusal(text(501))).toMatchObject({ code: "INVALID_FILE_SIZE", message: /space/ });
    expect(await text(500)).toMatchObject({ bytes: 500 });
    expect(await refusal(text(1))).toMatchObject({ code: "INVALID_FILE_SIZE" });
    expect(await send({ owner: "user:bob", name: "a.txt", source: chunks("a") })).toMatchObject({
      bytes: 1,
    });
  });

  test("finds space again once files were removed and the sum is old", async () => {
    await using store = await folderStore();
    const { send, clock } = uploading(store.files, {}, 1_000);
    const text = (bytes: number) => send({ name: "a.txt", source: chunks("a".repeat(bytes)) });
    const { id } = await text(1_000);
    await store.files.remove(id);
    expect(await refusal(text(1))).toMatchObject({ code: "INVALID_FILE_SIZE" });
    clock.advance(60_000);
    expect(await text(1_000)).toMatchObject({ bytes: 1_000 });
  });

  test("that the store fails to take may be tried again; the cause is in the log alone", async () => {
    await using store = await folderStore();
    const files: Files & FileUpkeep = Object.create(store.files, {
      put: { value: () => Promise.reject(new Error("disk full at /var/secret")) },
    });
    const { send, log, metrics } = uploading(files);
    const error = await refusal(send({ source: chunks(PNG) }));
    expect(error).toMatchObject({ code: "STORAGE_ERROR", retry: true });
    expect(error?.message).not.toContain("/var");
    expect(log.lines.map(({ level }) => level)).toEqual(["error"]);
    expect(await metrics.text()).toContain('chat_uploads_total{outcome="STORAGE_ERROR"} 1');
  });

  test("is told without its name and its owner", async () => {
    await using store = await folderStore();
    const { send, log, metrics } = uploading(store.files);
    await send({ source: chunks(PNG) });
    await refusal(send({ source: chunks("#!/bin/sh") }));
    expect(JSON.stringify(log.lines)).not.toMatch(/secret-name|alice/);
    const text = await metrics.text();
    expect(text).toContain('chat_uploads_total{outcome="stored"} 1');
    expect(text).toContain('chat_uploads_total{outcome="INVALID_FILE_TYPE"} 1');
    expect(text).toContain(`chat_upload_bytes_total ${PNG.length}`);
  });
});
