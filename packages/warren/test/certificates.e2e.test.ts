/** A folder of certificates that is rewritten while clients come and go. */
import { once } from "node:events";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import {
  answering,
  RawService,
  testAuthority,
  tlsClient,
  type RecordingLog,
} from "@warren/host/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";

const authority = testAuthority();
const HOSTS = ["one.test", "two.test", "three.test"];
const issue = (...hosts: string[]) => authority.issue({ hosts });
const owned = new AsyncDisposableStack();
let joined: Joined;

beforeAll(async () => {
  const answer = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  const service = owned.use(await RawService.start(answer));
  joined = owned.use(
    await Joined.start({
      routes: HOSTS.map((host) => routeTo(host, service.port)),
      certificates: { one: issue("one.test"), two: issue("two.test"), three: issue("three.test") },
    }),
  );
});
afterAll(() => owned.disposeAsync());

/** A new connection with one request; which certificate answered. */
async function visit(host: string, options: ConnectionOptions = {}): Promise<string> {
  using client = await tlsClient(joined.tlsPort, {
    ca: authority.ca,
    servername: host,
    ...options,
  });
  client.send(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  await client.until(({ text, closed }) => closed || text.endsWith("ok"));
  if (!client.text.endsWith("ok")) throw new Error(`${host}: ${client.text}`);
  return (client.socket as TLSSocket).getPeerCertificate().serialNumber;
}

/** Clients that visit the hosts in turn, until told to stop; what failed. */
class Visitors {
  readonly failures: string[] = [];
  readonly #running: Promise<void>[];
  #stopped = false;
  #round = Promise.withResolvers<void>();

  constructor(hosts: readonly string[]) {
    this.#running = hosts.map((host) => this.#run(host));
  }

  async #run(host: string): Promise<void> {
    while (!this.#stopped) {
      await visit(host).catch((error: Error) => this.failures.push(`${host}: ${error.message}`));
      this.#round.resolve();
    }
  }

  /** Resolves when somebody has been here once more from beginning to end. */
  async more(): Promise<void> {
    for (let visits = 0; visits < 2; visits++) {
      this.#round = Promise.withResolvers();
      await this.#round.promise;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }
}

const at = (name: string) => join(joined.certificatesFolder, name);

/** What the gateway says of a certificate from now on. */
function next(log: RecordingLog, msg: string, name: string) {
  log.lines.length = 0;
  return log.line((line) => line.msg === msg && line.fields["name"] === name);
}

test("no handshake fails while certificates are renewed, broken, mended and removed", async () => {
  const { log } = joined;
  const visitors = new Visitors(["one.test", "one.test", "two.test"]);
  await visitors.more();

  // Renewed, file by file: between the two writes the pair does not fit.
  const first = await visit("two.test");
  for (let n = 0; n < 5; n++) {
    const before = await visit("two.test");
    const loaded = next(log, "certificate loaded", "two");
    joined.writeCertificate("two", issue("two.test"));
    await loaded;
    expect(await visit("two.test")).not.toBe(before);
    await visitors.more();
  }

  // Broken, one file and then the other: said, and the old one goes on.
  const good = await visit("two.test");
  for (const file of ["two.crt", "two.key"]) {
    const refused = next(log, "certificate not usable", "two");
    writeFileSync(at(file), "half of a f");
    await refused;
    expect(await visit("two.test")).toBe(good);
    await visitors.more();
  }

  // The key is gone: half a pair is a broken one.
  const halved = next(log, "certificate not usable", "two");
  rmSync(at("two.key"));
  await halved;
  expect(await visit("two.test")).toBe(good);

  // Mended as a careful program does it, by renaming.
  const mended = next(log, "certificate loaded", "two");
  const { cert, key } = issue("two.test");
  writeFileSync(at("two.key.new"), key);
  writeFileSync(at("two.crt.new"), cert);
  renameSync(at("two.key.new"), at("two.key"));
  renameSync(at("two.crt.new"), at("two.crt"));
  await mended;
  expect([first, good]).not.toContain(await visit("two.test"));

  // Removed: its own name is unknown from then on, all others go on.
  const removed = next(log, "certificate removed", "three");
  for (const file of ["three.crt", "three.key"]) rmSync(at(file));
  await removed;
  await expect(visit("three.test")).rejects.toThrow(/unrecognized name/i);
  await visitors.more();

  await visitors.stop();
  expect(visitors.failures).toEqual([]);
});

test("a client that resumes its session after a renewal gets in", async () => {
  const client = connect({
    port: joined.tlsPort,
    host: "127.0.0.1",
    ca: authority.ca,
    servername: "one.test",
  });
  const [session] = (await once(client, "session")) as [Buffer];
  const loaded = next(joined.log, "certificate loaded", "one");
  joined.writeCertificate("one", issue("one.test"));
  await loaded;
  expect(await visit("one.test", { session })).toMatch(/^[0-9A-F]+$/);
  client.destroy();
});
