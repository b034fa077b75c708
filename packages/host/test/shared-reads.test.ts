import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { expect, test } from "vitest";
import { QUEUED_READS, readBy, sharedReads, type OnRead } from "../src/index.ts";

const share = (socket: Socket, onRead: OnRead<Socket>) => readBy(socket, sharedReads(onRead));

interface Heard {
  bytes: Buffer;
  kept: boolean;
}

class Ends implements AsyncDisposable {
  readonly client: Socket;
  readonly accepted: Socket;
  readonly heard: Heard[] = [];
  readonly #server: Server;
  #look = () => {};

  private constructor(server: Server, client: Socket, accepted: Socket) {
    this.#server = server;
    this.client = client;
    this.accepted = accepted;
  }

  static async open(): Promise<Ends> {
    const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [accepted] = (await once(server, "connection")) as [Socket];
    return new Ends(server, client, accepted);
  }

  /** Notes views as they are handed over, not copies. */
  share(): boolean {
    return share(this.accepted, (bytes, kept) => {
      this.heard.push({ bytes, kept });
      this.#look();
      return true;
    });
  }

  get received(): number {
    return this.heard.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  until(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => void (this.received >= bytes && resolve());
      this.#look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    this.accepted.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

test("sockets read into one buffer, and no data event follows", async () => {
  await using one = await Ends.open();
  await using other = await Ends.open();
  // False here means that Node keeps `onread` elsewhere: see the file's header.
  expect([one.share(), other.share()]).toEqual([true, true]);
  let events = 0;
  one.accepted.on("data", () => events++);
  one.client.write("first");
  await one.until(5);
  expect(one.heard[0]!.bytes.toString()).toBe("first");
  other.client.write("later");
  await other.until(5);
  expect(one.heard[0]!.kept).toBe(false);
  expect(one.heard[0]!.bytes.toString()).toBe("later");
  expect(events).toBe(0);
});

test("a sender of bulk gives its buffers away: they stay as they were read", async () => {
  await using ends = await Ends.open();
  expect(ends.share()).toBe(true);
  const sent = Buffer.alloc(4_000_000);
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at);
  ends.client.write(sent);
  await ends.until(sent.length);
  const kept = ends.heard.filter((one) => one.kept);
  expect(kept.length).toBeGreaterThan(0);
  let at = 0;
  for (const { bytes, kept } of ends.heard) {
    if (kept) expect(bytes.equals(sent.subarray(at, at + bytes.length))).toBe(true);
    at += bytes.length;
  }
});

test("a pause stops it, also from within a read, and nothing is lost", async () => {
  await using ends = await Ends.open();
  let received = 0;
  let reads = 0;
  const whole = Promise.withResolvers<void>();
  const total = 300_000;
  expect(
    share(ends.accepted, function (bytes) {
      received += bytes.length;
      reads++;
      this.pause();
      setImmediate(() => {
        expect(reads).toBe(1); // none came while it was paused
        reads = 0;
        if (received === total) whole.resolve();
        this.resume();
      });
      return true;
    }),
  ).toBe(true);
  ends.client.write(Buffer.alloc(total));
  await whole.promise;
});

test("who pushes on what was read is asked for no more than its stream takes, and loses nothing", async () => {
  await using ends = await Ends.open();
  await using other = await Ends.open();
  let reads = 0;
  expect(
    share(ends.accepted, function (bytes) {
      reads++;
      return this.push(Buffer.from(bytes));
    }),
  ).toBe(true);
  const total = 4_000_000;
  ends.client.end(Buffer.alloc(total));
  // Meanwhile another connection carries as much, and nobody reads the first.
  expect(other.share()).toBe(true);
  other.client.write(Buffer.alloc(total));
  await other.until(total);
  expect(reads).toBeGreaterThan(0);
  expect(ends.accepted.readableLength).toBeLessThan(2 * 65_536);
  let received = 0;
  for await (const chunk of ends.accepted) received += (chunk as Buffer).length;
  expect(received).toBe(total);
});

test("one that is given away within a read is its stream's, and holds no buffer for later", async () => {
  await using ends = await Ends.open();
  await using one = await Ends.open();
  await using other = await Ends.open();
  const given = Promise.withResolvers<void>();
  let used = 0;
  expect(
    share(ends.accepted, function (bytes) {
      if (bytes.length < 65_536) used += bytes.length;
      else if (readBy(this, QUEUED_READS)) given.resolve();
      return bytes.length < 65_536 || this.push(Buffer.from(bytes));
    }),
  ).toBe(true);
  const total = 4_000_000;
  ends.client.end(Buffer.alloc(total));
  await given.promise;
  for (const later of [one, other]) {
    expect(later.share()).toBe(true);
    later.client.write("small");
    await later.until(5);
  }
  // Both in the one that all share: none was left behind for the first that came.
  expect(one.heard[0]!.bytes.buffer).toBe(other.heard[0]!.bytes.buffer);
  let received = 0;
  for await (const chunk of ends.accepted) received += (chunk as Buffer).length;
  expect(received + used).toBe(total);
});

test("the other side's end is told, and this side may go on", async () => {
  await using ends = await Ends.open();
  expect(ends.share()).toBe(true);
  ends.client.end("bye");
  await once(ends.accepted, "end");
  expect(ends.received).toBe(3);
  ends.accepted.end("well");
  expect(String(((await once(ends.client, "data")) as [Buffer])[0])).toBe("well");
});

test("a socket of which something was read already is left alone", async () => {
  await using ends = await Ends.open();
  ends.accepted.pause();
  ends.accepted.unshift(Buffer.from("before"));
  expect(ends.share()).toBe(false);
  const before = once(ends.accepted, "data");
  ends.accepted.resume();
  expect(String(((await before) as [Buffer])[0])).toBe("before");
  ends.client.write("after");
  expect(String(((await once(ends.accepted, "data")) as [Buffer])[0])).toBe("after");
});
