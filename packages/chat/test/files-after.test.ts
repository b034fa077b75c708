import { describe, expect, test } from "vitest";
import { frameFile } from "../src/files/frame-file.ts";
import { clearUp, eraseOwner } from "../src/files/retention.ts";
import { all, chunks, folderStore, s3Store, Wall } from "./_files.ts";
import { NEVER, PNG, refusal, uploading } from "./_uploads.ts";

async function offered(body: Buffer | string, owner = "user:alice") {
  const wall = new Wall();
  wall.ms = Date.now();
  const store = await s3Store(wall);
  const offer = await store.files.direct.offer(owner, Buffer.byteLength(body), 60_000);
  await fetch(offer.url, { method: "PUT", body });
  return { store, id: offer.id };
}

describe("an upload past this process", () => {
  const claim = { owner: "user:alice", name: "a.png", kind: "file" as const };

  test("becomes a file once it was looked at", async () => {
    const { store, id } = await offered(PNG);
    await using _ = store;
    const file = await uploading(store.files).uploads.adopt({ ...claim, id }, NEVER);
    expect(file).toMatchObject({ id, type: "image/png", bytes: PNG.length, name: "a.png" });
    expect(await store.files.head(id)).toEqual(file);
  });

  test.each([
    { name: "a program", body: Buffer.from("7f454c460201", "hex"), as: "a.png" },
    {
      name: "an SVG with a script at its end",
      body: `<svg>${" ".repeat(100_000)}<script/></svg>`,
      as: "a.svg",
    },
  ])("is discarded when it is $name", async ({ body, as }) => {
    const { store, id } = await offered(body);
    await using _ = store;
    const adopted = uploading(store.files).uploads.adopt({ ...claim, name: as, id }, NEVER);
    expect(await refusal(adopted)).toMatchObject({ code: "INVALID_FILE_TYPE" });
    expect(await store.files.direct.incoming("user:alice", id)).toBeUndefined();
    expect(await store.files.head(id)).toBeUndefined();
  });

  test("cannot be claimed by another", async () => {
    const { store, id } = await offered(PNG);
    await using _ = store;
    const stolen = uploading(store.files).uploads.adopt({ ...claim, owner: "user:eve", id }, NEVER);
    expect(await refusal(stolen)).toMatchObject({ code: "NOT_FOUND" });
    expect(await store.files.direct.incoming("user:alice", id)).toBeDefined();
  });

  test("is not possible where the store is a folder", async () => {
    await using store = await folderStore();
    const adopted = uploading(store.files).uploads.adopt({ ...claim, id: "0".repeat(32) }, NEVER);
    expect(await refusal(adopted)).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("clearing up", () => {
  test("removes what is older than it is kept, and nothing else", async () => {
    const wall = new Wall();
    await using store = await folderStore(wall);
    const { send, events, metrics } = uploading(store.files);
    const old = await send({ source: chunks(PNG) });
    wall.ms += 10_000;
    const young = await send({ source: chunks(PNG) });
    const now = { wallMs: wall.ms, events, signal: NEVER };
    await clearUp(store.files, { keptMs: undefined, unfinishedMs: 1e9 }, now);
    expect(await store.files.head(old.id)).toBeDefined();
    await clearUp(store.files, { keptMs: 5_000, unfinishedMs: 1e9 }, now);
    expect(await store.files.head(old.id)).toBeUndefined();
    expect(await store.files.head(young.id)).toBeDefined();
    expect(await metrics.text()).toContain('chat_files_removed_total{reason="expired"} 1');
  });

  test("erases a user's files", async () => {
    await using store = await folderStore();
    const { send, events } = uploading(store.files);
    await send({ source: chunks(PNG) });
    expect(await eraseOwner(store.files, "user:alice", events)).toBe(1);
    expect(await all(store.files.ofOwner("user:alice"))).toEqual([]);
  });
});

describe("a frame's file", () => {
  const frame = {
    type: "file" as const,
    fileId: "",
    fileUrl: "https://example.com/a.png",
    owner: "user:alice",
  };
  const HERE = { allowForeign: false };

  test("is the sender's own, found by its id; its URL does not matter", async () => {
    await using store = await folderStore();
    const file = await uploading(store.files).send({ source: chunks(PNG) });
    const said = { ...frame, fileId: file.id, fileUrl: "javascript:alert(1)" };
    expect(await frameFile(said, store.files, HERE)).toEqual({ at: "here", file });
  });

  test("of another is as little there as one that never was", async () => {
    await using store = await folderStore();
    const file = await uploading(store.files).send({ source: chunks(PNG) });
    const errors = await Promise.all(
      [file.id, "0".repeat(32), "../x"].map((fileId) =>
        refusal(frameFile({ ...frame, owner: "user:eve", fileId }, store.files, HERE)),
      ),
    );
    expect(new Set(errors.map((error) => `${error?.code} ${error?.message}`)).size).toBe(1);
    expect(errors[0]).toMatchObject({ code: "NOT_FOUND" });
  });

  test("that is no sound is no voice message", async () => {
    await using store = await folderStore();
    const file = await uploading(store.files).send({ source: chunks(PNG) });
    const said = { ...frame, type: "voice" as const, fileId: file.id };
    expect(await refusal(frameFile(said, store.files, HERE))).toMatchObject({
      code: "INVALID_FORMAT",
    });
  });

  test("elsewhere is taken only where that is allowed, by the rule for URLs", async () => {
    await using store = await folderStore();
    const allowed = { allowForeign: true };
    const url = frame.fileUrl;
    expect(await frameFile(frame, store.files, allowed)).toEqual({ at: "elsewhere", url });
    for (const fileUrl of ["javascript:alert(1)", "https://10.0.0.1/a", "http://example.com/"]) {
      const error = await refusal(frameFile({ ...frame, fileUrl }, store.files, allowed));
      expect(error).toMatchObject({ code: "INVALID_FORMAT" });
    }
  });
});
