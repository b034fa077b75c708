import { once } from "node:events";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { testAuthority, type IssuedCertificate } from "@warren/host/testing";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { metricOf } from "./_metrics.ts";
import { runningChat, temporaryFolder, tokenOf } from "./_running-chat.ts";

const authority = testAuthority();
const { ca } = authority;
const issue = (name: string) => authority.issue({ hosts: ["localhost", "127.0.0.1"], name });

/** A Secret as Kubernetes mounts it: links to a link to a folder, and the link in the middle is swapped. */
class MountedSecret {
  readonly certFile: string;
  readonly keyFile: string;
  readonly #folder: string;
  #version = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.certFile = join(folder, "tls.crt");
    this.keyFile = join(folder, "tls.key");
  }

  async mount(pair: IssuedCertificate): Promise<void> {
    await this.update(pair);
    await symlink("..data/tls.crt", this.certFile);
    await symlink("..data/tls.key", this.keyFile);
  }

  async update({ cert, key }: IssuedCertificate): Promise<void> {
    const version = `..version_${++this.#version}`;
    await mkdir(join(this.#folder, version));
    await writeFile(join(this.#folder, version, "tls.crt"), cert);
    await writeFile(join(this.#folder, version, "tls.key"), key);
    await symlink(version, join(this.#folder, "..data_tmp"));
    await rename(join(this.#folder, "..data_tmp"), join(this.#folder, "..data"));
  }
}

async function securedChat() {
  const opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const secret = new MountedSecret(folder.path);
  await secret.mount(issue("first"));
  const { certFile, keyFile } = secret;
  const running = opened.use(await runningChat({ tls: { certFile, keyFile }, probePort: 0 }));
  return { ...running, secret, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Whose certificate a new connection is answered with. */
async function nameAt(port: number, servername?: string): Promise<string> {
  const given = servername === undefined ? {} : { servername };
  const socket: TLSSocket = connect({ host: "127.0.0.1", port, ca, ...given });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** Status and body of a request over TLS. */
async function get(port: number, path: string, headers = {}): Promise<[number, string]> {
  const asked = request({ host: "127.0.0.1", port, path, ca, headers });
  asked.end();
  const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  let text = "";
  for await (const part of response) text += String(part);
  return [response.statusCode ?? 0, text];
}

async function socketTo(port: number): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${tokenOf("alice")}` };
  const socket = new WebSocket(`wss://127.0.0.1:${port}/chat/ws`, { ca, headers });
  await once(socket, "message");
  return socket;
}

test("with a certificate the port speaks TLS to requests and sockets, and nothing else", async () => {
  await using chat = await securedChat();
  const { port, scheme } = chat.chat;
  expect(scheme).toBe("https");
  expect((await get(port, "/health"))[0]).toBe(200);
  const headers = { authorization: `Bearer ${tokenOf("alice")}` };
  expect((await get(port, "/chat/sessions", headers))[0]).toBe(200);
  const socket = await socketTo(port);
  socket.send(JSON.stringify({ type: "ping" }));
  const [pong] = (await once(socket, "message")) as [Buffer];
  expect(JSON.parse(pong.toString())).toMatchObject({ type: "pong" });
  socket.terminate();
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow("fetch failed");
});

test("probes and metrics, and nothing else, are answered in plain on the second port", async () => {
  await using chat = await securedChat();
  const at = `http://127.0.0.1:${chat.chat.probePort}`;
  const statusOf = async (path: string) => (await fetch(at + path)).status;
  const paths = ["/health", "/chat/healthz", "/chat/readyz", "/chatbox/healthz"];
  const metrics = ["/metrics", "/chat/metrics/prometheus"];
  for (const path of [...paths, ...metrics])
    expect([path, await statusOf(path)]).toEqual([path, 200]);
  for (const path of ["/chat/sessions", "/chat/ws", "/chat/admin/metrics", "/ws"])
    expect([path, await statusOf(path)]).toEqual([path, 404]);
});

test("a Secret that is mounted anew answers new connections, and none that is open is dropped", async () => {
  await using chat = await securedChat();
  const { port } = chat.chat;
  const old = await socketTo(port);
  expect([await nameAt(port), await nameAt(port, "localhost")]).toEqual(["first", "first"]);
  const loaded = () => chat.log.lines.filter(({ msg }) => msg === "certificate loaded").length;
  const before = loaded();
  const renewed = chat.log.line(({ msg }) => msg === "certificate loaded" && loaded() > before);
  await chat.secret.update(issue("second"));
  await renewed;
  expect([await nameAt(port), await nameAt(port, "localhost")]).toEqual(["second", "second"]);
  const expires = metricOf(chat.metrics)("chatbox_certificate_expires_timestamp_seconds");
  expect((await expires) * 1_000).toBeGreaterThan(Date.now());
  old.send(JSON.stringify({ type: "ping" }));
  const [pong] = (await once(old, "message")) as [Buffer];
  expect(JSON.parse(pong.toString())).toMatchObject({ type: "pong" });
  old.terminate();
});

test("a Secret whose key belongs to another certificate is told of, and the one before it goes on", async () => {
  await using chat = await securedChat();
  const { port } = chat.chat;
  const told = chat.log.line(({ msg }) => msg === "certificate not usable");
  const mixed = { cert: issue("second").cert, key: issue("third").key };
  await chat.secret.update(mixed);
  expect((await told).fields["reason"]).toContain("key does not belong");
  expect(await nameAt(port)).toBe("first");
});

test("without a certificate that can be used nothing is started, and the files are named", async () => {
  await using folder = await temporaryFolder();
  const tls = { certFile: join(folder.path, "tls.crt"), keyFile: join(folder.path, "tls.key") };
  await expect(runningChat({ tls })).rejects.toMatchObject({
    name: "ExitError",
    exit: "unavailable",
    message: expect.stringContaining(tls.certFile) as string,
  });
});
