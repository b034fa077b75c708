import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentChat, form, messages, sent, uploaded, type Ask } from "./_content-kit.ts";
import { s3Server } from "./_files.ts";
import { Client, tokenOf } from "./_running-chat.ts";
import { device, refusal, resume, say, UNLIMITED } from "./_talk-kit.ts";
import { PNG, WEBM } from "./_uploads.ts";

const opened = new AsyncDisposableStack();
let chat: Awaited<ReturnType<typeof contentChat>>;
let ask: Ask;
let port: number;

beforeAll(async () => {
  chat = opened.use(await contentChat());
  ({ ask, port } = chat);
});
afterAll(() => opened.disposeAsync());

const bytesAt = async (url: string) =>
  Buffer.from(await (await fetch(chat.origin + url)).arrayBuffer());

describe("an upload", () => {
  test.each(["/chat/upload", "/chatbox/upload", "/api/upload"])(
    "is taken at %s, and had by its link alone",
    async (path) => {
      const { status, body } = await ask(`POST ${path}`, "alice", form(PNG, "cat.png"));
      expect(status).toBe(200);
      expect(body).toMatchObject({ name: "cat.png", content_type: "image/png", bytes: PNG.length });
      expect(await bytesAt(body["file_url"] as string)).toEqual(PNG);
    },
  );

  test("may be the body itself, named in the query", async () => {
    const { body } = await ask("POST /upload?name=cat.png", "alice", PNG);
    expect(body).toMatchObject({ name: "cat.png", content_type: "image/png" });
  });

  test("needs a token", async () => {
    expect((await ask("POST /upload", undefined, form(PNG, "cat.png"))).status).toBe(401);
    expect((await ask("POST /api/upload", undefined, form(PNG, "cat.png"))).status).toBe(401);
  });

  test("into a session of another user is refused like one into none", async () => {
    const theirs = await sent(port, "owner", await uploaded(ask, "owner"));
    const { status } = await ask(
      `POST /upload?session_id=${theirs}`,
      "mallory",
      form(PNG, "c.png"),
    );
    expect(status).toBe(404);
    const own = await ask(`POST /upload?session_id=${theirs}`, "owner", form(PNG, "c.png"));
    expect(own.status).toBe(200);
    const fresh = await ask("POST /upload?session_id=not-begun", "mallory", form(PNG, "c.png"));
    expect(fresh.status).toBe(200);
  });

  test("that is too large hears so before its end, and nothing of it stays", async () => {
    const small = { ...chatFiles(chat), mostBytes: 1_000 };
    await using other = await contentChat({ files: small });
    const large = Buffer.concat([PNG, Buffer.alloc(20_000_000)]);
    const { status, body } = await other.ask("POST /upload", "alice", form(large, "cat.png"));
    expect({ status, code: body["code"] }).toEqual({ status: 413, code: "INVALID_FILE_SIZE" });
    expect((await other.ask("GET /files", "alice")).body["count"]).toBe(0);
  });

  test("of what may not be uploaded says why", async () => {
    const program = Buffer.concat([Buffer.from("\x7fELF"), Buffer.alloc(500)]);
    const { status, body } = await ask("POST /upload", "alice", form(program, "cat.png"));
    expect({ status, code: body["code"] }).toEqual({ status: 415, code: "INVALID_FILE_TYPE" });
  });

  test("too often is told when to come again", async () => {
    const rates = { ...UNLIMITED, upload: { points: 1, perMs: 60_000 } };
    await using other = await contentChat({ rates });
    await uploaded(other.ask, "alice");
    const { status, headers } = await other.ask("POST /upload", "alice", form(PNG, "cat.png"));
    expect(status).toBe(429);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("beyond one's space is refused, until something is removed", async () => {
    await using other = await contentChat({ files: { ...chatFiles(chat), quotaBytes: 600 } });
    const { file_id } = await uploaded(other.ask, "alice");
    expect((await other.ask("POST /upload", "alice", form(PNG, "c.png"))).status).toBe(413);
    expect((await other.ask(`DELETE /files/${file_id}`, "bob")).status).toBe(404);
    expect((await other.ask(`DELETE /files/${file_id}`, "alice")).status).toBe(200);
    await uploaded(other.ask, "alice");
  });
});

describe("a link to a file", () => {
  test("is good for its file, its end and its way alone", async () => {
    const [one, two] = [await uploaded(ask, "alice"), await uploaded(ask, "alice")];
    const query = one.file_url.split("?")[1]!;
    const changed = [
      `/chat/files/${two.file_id}?${query}`,
      `/chat/files/${one.file_id}?${query.replace(/e=\d/, "e=9")}`,
      `/chat/files/${one.file_id}?${query.replace("alice", "bob")}`,
      `/chat/files/${one.file_id}`,
      `/chat/files/..%2f..%2fchat.db?${query}`,
    ];
    for (const url of changed) expect((await fetch(chat.origin + url)).status, url).toBe(404);
  });

  test("ends, and is made anew for whoever sees the session, and for nobody else", async () => {
    await using other = await contentChat();
    const session = await sent(other.port, "alice", await uploaded(other.ask, "alice"));
    const [{ file_url } = { file_url: "" }] = await messages(other.ask, "alice", session);
    other.wall.aheadMs = 3_600_001;
    const old = await other.ask(`GET ${file_url}`, undefined);
    expect({ status: old.status, code: old.body["code"] }).toEqual({ status: 410, code: "GONE" });
    const renew = `POST ${file_url.replace("?", "/link?")}`;
    expect((await other.ask(renew, "mallory")).status).toBe(404);
    expect((await other.ask(renew, undefined)).status).toBe(401);
    const renewed = await other.ask(renew, "alice");
    const fresh = renewed.body["file_url"] as string;
    expect((await other.ask(`GET ${fresh}`, undefined)).status).toBe(200);
  });

  test("shows pictures without letting anything run, and in parts", async () => {
    const { file_url } = await uploaded(ask, "alice");
    const range = { headers: { range: "bytes=1-3" } };
    const response = await fetch(chat.origin + file_url, range);
    expect(response.status).toBe(206);
    expect(await response.text()).toBe("PNG");
    expect(response.headers.get("content-security-policy")).toContain("sandbox");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-disposition")).toMatch(/^inline/);
    const head = await fetch(chat.origin + file_url, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(PNG.length));
  });

  test("is in no log, and neither is the file's name", async () => {
    await using other = await contentChat();
    const { file_url } = await uploaded(other.ask, "alice");
    await other.ask(`GET ${file_url}`, undefined);
    const signature = new URLSearchParams(file_url.split("?")[1]).get("k")!;
    expect(JSON.stringify(other.log.lines)).not.toContain(signature);
    expect(JSON.stringify(other.log.lines)).not.toContain("cat.png");
  });
});

describe("a file that is sent", () => {
  test("begins a session, and is there after a reload and on other devices", async () => {
    const file = await uploaded(ask, "fresh");
    using other = await device(port, tokenOf("fresh"), "other");
    const session = await sent(port, "fresh", file);
    const [stored] = await messages(ask, "fresh", session);
    expect(stored).toMatchObject({ type: "file", file_id: file.file_id, content: "look" });
    expect(await bytesAt(stored!.file_url)).toEqual(PNG);
    const { entries } = await resume(other, session);
    const entry = entries.find(({ kind }) => kind === "message") as unknown as {
      file: Record<string, string>;
    };
    expect(entry.file).toMatchObject({ name: "cat.png", content_type: "image/png" });
    expect(await bytesAt(entry.file["file_url"]!)).toEqual(PNG);
  });

  test("is shown to a client that knows only old frames, by a link that works", async () => {
    using first = await Client.open(port, tokenOf("classic"));
    using second = await Client.open(port, tokenOf("classic"));
    const { session_id } = await say(first, "begins");
    await second.next("connection_status");
    second.send({ type: "user_message", session_id, content: "here too" });
    await second.next("message_ack");
    const file = await uploaded(ask, "classic", "voice");
    first.send({ type: "voice_message", session_id, ...file, content: "" });
    const shown = await second.next("voice_message");
    expect(await bytesAt(shown.file_url)).toEqual(WEBM);
    // Whoever sent it has drawn it already (T-46).
    expect(first.heard.map(({ type }) => type)).not.toContain("voice_message");
  });

  test("as a voice note is one after a reload, also where it was uploaded as a film (T-5)", async () => {
    const { body } = await ask("POST /api/upload", "speaker", form(WEBM, "note.webm"));
    const file = body as unknown as { file_id: string; file_url: string };
    const session = await sent(port, "speaker", file, "voice_message");
    const [note] = await messages(ask, "speaker", session);
    expect(note).toMatchObject({ type: "voice", content_type: "audio/webm" });
  });

  test("must be the sender's own: another's is not told from none", async () => {
    await using other = await contentChat({ files: { ...chatFiles(chat), allowForeign: false } });
    const { file_id, file_url } = await uploaded(other.ask, "alice");
    using stranger = await Client.open(other.port, tokenOf("mallory"));
    await stranger.next("connection_status");
    stranger.send({ type: "file_upload", file_id, file_url });
    const theirs = await refusal(stranger);
    stranger.send({ type: "file_upload", file_id: "0".repeat(32), file_url });
    const none = await refusal(stranger, stranger.heard.length);
    expect(theirs.error).toEqual(none.error);
    expect(theirs.error.code).toBe("NOT_FOUND");
    // Nothing was begun by it.
    expect((await other.ask("GET /sessions", "mallory")).body["total"]).toBe(0);
  });

  test.each([
    "javascript:alert(1)",
    "http://example.com/f",
    "https://127.0.0.1/f",
    "https://[fe80::1]/f",
    "https://user:secret@example.com/f",
  ])("from %s is refused also where other addresses are let in (T-28, T-29)", async (file_url) => {
    using client = await Client.open(port, tokenOf("linker"));
    client.send({ type: "file_upload", file_id: "x", file_url });
    expect((await refusal(client)).error.code).toBe("INVALID_FORMAT");
  });

  test("is told to models without its address (T-29)", async () => {
    const file = await uploaded(ask, "asker");
    using client = await device(port, tokenOf("asker"), "phone");
    client.send({ type: "file_upload", ...file, content: "what is it?" });
    const answer = await client.next(
      "entry",
      ({ entry }) => entry.kind === "message" && entry.sender === "ai",
    );
    expect(JSON.stringify(answer)).not.toContain(file.file_id);
  });
});

test("metrics count what came in", async () => {
  await using other = await contentChat();
  await uploaded(other.ask, "alice");
  const text = await other.metrics.text();
  expect(text).toContain('chat_uploads_total{outcome="stored"} 1');
  expect(text).toContain(`chat_upload_bytes_total ${PNG.length}`);
});

describe("a bucket", () => {
  test("is uploaded to and saved from past this process; pictures are shown from here", async () => {
    await using server = await s3Server();
    const options = {
      endpoint: server.endpoint,
      region: "us-east-1",
      bucket: "chat-files",
      prefix: "chat/",
      pathStyle: true,
      credentials,
      partBytes: 5 * 1_048_576,
    };
    const files = { ...chatFiles(chat), store: { kind: "s3", options, isDirect: true } as const };
    await using other = await contentChat({ files });
    const offer = await other.ask("POST /uploads", "alice", { bytes: 11 });
    const put = { method: "PUT", body: "hello there" };
    expect((await fetch(offer.body["url"] as string, put)).status).toBe(200);
    const complete = `POST /uploads/${offer.body["upload_id"] as string}/complete`;
    expect((await other.ask(complete, "mallory", { name: "a.txt" })).status).toBe(404);
    const { body } = await other.ask(complete, "alice", { name: "a.txt" });
    expect(body).toMatchObject({ name: "a.txt", content_type: "text/plain", bytes: 11 });
    const saved = await other.ask(`GET ${body["file_url"] as string}`, undefined);
    expect(saved.status).toBe(302);
    expect(await (await fetch(saved.headers.get("location")!)).text()).toBe("hello there");
    const picture = await uploaded(other.ask, "alice");
    expect((await other.ask(`GET ${picture.file_url}`, undefined)).status).toBe(200);
    const large = await other.ask("POST /uploads", "alice", { bytes: 1e12 });
    expect(large.status).toBe(413);
  });

  test("is what a folder is not: there files come through this process", async () => {
    const { status, body } = await ask("POST /uploads", "alice", { bytes: 11 });
    expect({ status, code: body["code"] }).toEqual({ status: 404, code: "NOT_FOUND" });
  });
});

/** s3rver's own. */
const credentials = async () => ({ accessKeyId: "S3RVER", secretAccessKey: "S3RVER" });

/** The bounds of the running chat's files, in the same folder or another. */
function chatFiles({ folder }: { folder: { path: string } }) {
  return {
    store: { kind: "folder", folder: `${folder.path}/others-${Math.random()}` } as const,
    mostBytes: 104_857_600,
    quotaBytes: 1_073_741_824,
    linkMs: 3_600_000,
    allowForeign: true,
  };
}
