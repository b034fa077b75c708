import { once } from "node:events";
import { connect } from "node:net";
import { loadConfig } from "@warren/host";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chatOptions } from "../src/options.ts";
import { apiOf } from "./_api.ts";
import { authOf, Messenger } from "./_messaging.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { say, UNLIMITED } from "./_talk-kit.ts";

const opened = new AsyncDisposableStack();
let running: Awaited<ReturnType<typeof runningChat>>;
let port: number;

beforeAll(async () => {
  running = opened.use(await runningChat({ rates: UNLIMITED, trustedProxies: ["127.0.0.1"] }));
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());

const admin = tokenOf("bob", ["admin"]);

test("an admin who is none any more by a fresh token is sent away, to come back as who they are", async () => {
  using alice = await Client.open(port, tokenOf("alice"));
  const { session_id } = await say(alice, "who answers?");
  using bob = await Client.open(port, admin);
  bob.send({ type: "auth", token: tokenOf("bob") });
  expect(await bob.closed).toEqual({ code: 1012, reason: "DRAINING" });
  using back = await Client.open(port, tokenOf("bob"));
  back.send({ type: "admin_join", session_id });
  expect((await back.next("error")).error.code).toBe("UNAUTHORIZED");
});

test("nor is done what such an admin asked for right behind that token", async () => {
  const ask = apiOf(port, tokenOf("ann", ["admin"]));
  using alice = await Client.open(port, tokenOf("alice-too"));
  const { session_id } = await say(alice, "who answers?");
  using bob = await Client.open(port, admin);
  bob.send({ type: "auth", token: tokenOf("bob") });
  bob.send({ type: "admin_join", session_id });
  expect(await bob.closed).toMatchObject({ code: 1012 });
  // It is nobody else's.
  expect((await ask("POST", `/admin/takeover/${session_id}`)).status).toBe(200);
});

test("nor does a fresh token give a socket of the messaging dialect a role that it had not", async () => {
  using client = await Messenger.open(port, "carol");
  client.send(authOf("carol", { auth_token: tokenOf("carol", ["admin"]) }));
  expect(await client.closed).toMatchObject({ code: 1012 });
});

test.each([
  { name: "of a name", method: "PATCH", path: "/sessions/ID" },
  { name: "of a share", method: "POST", path: "/sessions/ID/share" },
  { name: "of an upload that is offered", method: "POST", path: "/uploads" },
  { name: "of an upload that came", method: "POST", path: "/uploads/x/complete" },
])("a body $name is read no further than a body may be", async ({ method, path }) => {
  const user = tokenOf("long-winded");
  using client = await Client.open(port, user);
  const { session_id } = await say(client, "hello");
  const at = path.replace("ID", session_id);
  const { status, body } = await apiOf(port, user)(method, at, { pad: "x".repeat(100_000) });
  expect({ status, code: body["code"] }).toEqual({ status: 413, code: "MESSAGE_TOO_LARGE" });
});

test("no path is in the log as it came: neither mail addresses nor share tokens, spelled in any way", async () => {
  const share = "0123456789abcdef0123456789abcdef";
  const ask = apiOf(port, admin);
  for (const path of [
    "/admin/users/ann@example.com/sessions",
    "/admin/users/ann%40example.com/export",
    "/no/such/ann@example.com",
    `/shared/${share}`,
    `/SHARED/${share}`,
    `/sessions/${share}/share?token=${share}`,
  ]) {
    await ask("GET", path);
  }
  await refusedUpgrade(`//?token=${share}`);
  const told = running.log.lines.filter(({ level }) => level !== "info");
  expect(JSON.stringify(told)).not.toMatch(/example\.com|0123456789abcdef/);
  const paths = told.map(({ fields }) => fields["path"]);
  expect(paths).toContain("/chat/admin/users/:userID/sessions");
  expect(paths).toContain("/chat/shared/:token");
});

/** Asks for a socket there; what fetch cannot ask for. */
async function refusedUpgrade(target: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const head = ["Host: x", "Connection: Upgrade", "Upgrade: websocket", "", ""].join("\r\n");
  socket.write(`GET ${target} HTTP/1.1\r\n${head}`);
  let answer = "";
  socket.on("data", (data: Buffer) => (answer += data.toString()));
  await once(socket, "close");
  return answer.split("\r\n")[0]!;
}

test("a target that is no address is not there, and wakes nobody", async () => {
  expect(await refusedUpgrade("//")).toBe("HTTP/1.1 404 Not Found");
  expect(running.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

async function comesAsGuest(address: string): Promise<number> {
  const headers = { "x-forwarded-for": address };
  const asked = await fetch(`http://127.0.0.1:${port}/chat/guest`, { method: "POST", headers });
  return asked.status;
}

test("what people write is kept as they wrote it, markup and all, for models and readers (T-34)", async () => {
  const user = tokenOf("angle");
  const words = `if (a < b && c > "d") { '<script>alert(1)</script>' } &amp;`;
  using client = await Client.open(port, user);
  const { session_id } = await say(client, words);
  const { body } = await apiOf(port, user)("GET", `/sessions/${session_id}`);
  expect((body["messages"] as unknown[])[0]).toMatchObject({ content: words });
});

test("whoever has a network of IPv6 addresses has one share of what needs no token", async () => {
  const asked = Array.from({ length: 61 }, (_, at) =>
    comesAsGuest(`2001:db8:1:2::${at.toString(16)}`),
  );
  expect((await Promise.all(asked)).filter((status) => status === 429)).toHaveLength(1);
  expect(await comesAsGuest("2001:db8:1:3::1")).toBe(200);
});

test("networks that are none are told at the start", () => {
  const argv = ["--trusted-proxy", "10.0.0.0/88", "--metrics-network", "monitoring"];
  const loaded = loadConfig(chatOptions, { argv, env: {}, file: undefined, all: [] });
  expect(loaded).toMatchObject({
    problems: [expect.stringContaining("proxy"), expect.stringContaining("metrics")],
  });
});
