import { once } from "node:events";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen, nodeWorld } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { closeFrame } from "@warren/http";
import { Dialler, Pool, type Stream, type Tunnel } from "@warren/tunnel";
import { Pipe, Recorder, rethrow, TunnelPair } from "@warren/tunnel/testing";
import {
  KIND,
  LIMITS,
  openingBytes,
  PEER_PATH,
  SPLICE_PATH,
  WireError,
  writeOpening,
} from "@warren/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PeerDial } from "../src/peers/peer-dial.ts";
import { PeerListener } from "../src/peers/peer-listener.ts";
import { PeerTunnels } from "../src/peers/peer-tunnels.ts";
import { Crossing } from "../src/peers/relay.ts";
import { Forward, Spliced } from "../src/peers/splice.ts";
import { Links } from "../src/tunnels/links.ts";
import type { Agents } from "../src/tunnels/agents.ts";

/** Long enough for a loaded machine to shake hands, short enough to wait for. */
const HANDSHAKE_MS = 1_000;

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

function opening(route: string, head: string): Uint8Array {
  const said = { kind: KIND.http, backend: 0, route: bytes(route) };
  const block = new Uint8Array(openingBytes(said, head.length));
  block.set(bytes(head), writeOpening(block, said));
  return block;
}

/** An agent's tunnel at the gateway that listens there. */
const placeOf = (port: number) => ({
  tunnelId: "here",
  clusterUuid: "c",
  agentId: "a",
  gatewayId: "owner",
  peerUrl: `ws://127.0.0.1:${port}`,
  rates: { cluster: undefined, client: undefined },
});

async function open(tunnel: Tunnel, block: Uint8Array): Promise<Recorder> {
  const answer = new Recorder();
  const over = new Promise<void>((resolve) => {
    answer.heard = () => (answer.ended || answer.error !== undefined) && resolve();
  });
  tunnel.open(block, true, answer);
  await over;
  return answer;
}

describe("the listener for other gateways", () => {
  let owned: AsyncDisposableStack;
  let folder: string;
  let listener: PeerListener;
  let port: number;
  let agentSide: TunnelPair;
  const association = { attached: true, draining: false, retiring: false, tunnel: {} as Tunnel };

  const refused: string[] = [];
  const links = new Links();
  let silent = false;
  beforeEach(async () => {
    owned = new AsyncDisposableStack();
    folder = owned.adopt(mkdtempDisposableSync(join(tmpdir(), "warren-")), (f) => f.remove()).path;
    writeFileSync(join(folder, "peer.key"), "k".repeat(32));
    const pair = new TunnelPair({
      limits: { ...LIMITS, headBytes: 1_000 },
      onStream: (stream) => {
        if (!silent) stream.head(bytes("HTTP/1.1 204 No Content\r\n\r\n"), true);
      },
      endOfTurn: (task) => {
        setImmediate(() => {
          task();
          pair.pipe.deliver();
        });
      },
    });
    agentSide = pair;
    silent = false;
    association.tunnel = pair.acceptor;
    association.draining = false;
    const find = (id: string) => (id === "here" ? association : undefined);
    listener = await PeerListener.create({
      config: {
        host: "127.0.0.1",
        port: 0,
        advertise: "ws://127.0.0.1",
        auth: { kind: "key", keyFile: join(folder, "peer.key") },
      },
      gatewayId: "owner",
      handshakeMs: HANDSHAKE_MS,
      tunnels: {
        detectMs: 30_000,
        resumeMs: 60_000,
        heartbeatMs: 30_000,
        poolBytes: 1_048_576,
        gatewayPoolBytes: 1_048_576,
        streams: 100,
      },
      limits: LIMITS,
      newTunnelId: () => "peer-tunnel",
      agents: { pool: new Pool(1_048_576), acceptor: { find } } as unknown as Agents,
      links,
      events: { broke: rethrow, credentialRefused: (kind) => void refused.push(kind) },
      log: silentLog(),
    });
    const said = { host: "", port: "" };
    const bound = await listen(listener.server, {
      host: "127.0.0.1",
      port: 0,
      fd: undefined,
      said,
    });
    owned.use(bound);
    owned.defer(() => listener.close(new WireError("draining", "")));
    port = bound.port;
  });
  afterEach(() => owned.disposeAsync());

  /** A tunnel from another gateway. */
  async function join_(keyText = "k".repeat(32)): Promise<Tunnel> {
    const keyFile = join(folder, "dial.key");
    writeFileSync(keyFile, keyText);
    const dial = new PeerDial("entry", { kind: "key", keyFile }, new AbortController().signal);
    const up = Promise.withResolvers<Tunnel>();
    const dialler = new Dialler({
      world: { ...nodeWorld, broke: rethrow },
      urls: ["unused"],
      others: () => [],
      dial: (_url, heard) => dial.dial(`ws://127.0.0.1:${port}`, PEER_PATH, heard),
      registration: () => ({
        agentId: "entry",
        instance: undefined,
        name: "",
        version: "",
        labels: {},
        place: {},
        ready: true,
      }),
      pool: () => new Pool(1_048_576),
      limits: LIMITS,
      detectMs: 30_000,
      owner: {
        onUp: (tunnel) => up.resolve(tunnel),
        onDown() {},
        onGone() {},
        onRetry: (error) => up.reject(error),
        onReplaced() {},
        onRetired() {},
        onControl() {},
        onStream() {},
      },
    });
    owned.defer(() => dialler.close(new WireError("draining", "")));
    dialler.start();
    return up.promise;
  }

  /** Another gateway's tunnels, as this process would dial them. */
  function peerTunnels(): PeerTunnels {
    const keyFile = join(folder, "peer.key");
    const tunnels = new PeerTunnels({
      gatewayId: "entry",
      dial: new PeerDial("entry", { kind: "key", keyFile }, new AbortController().signal),
      limits: LIMITS,
      poolBytes: 1_048_576,
      gatewayPool: new Pool(1_048_576),
      detectMs: 30_000,
      log: silentLog(),
      broke: rethrow,
    });
    owned.defer(() => tunnels.close(new WireError("draining", "")));
    return tunnels;
  }

  const GET = "GET / HTTP/1.1\r\n\r\n";

  test.each([
    { name: "and that it is back", ends: false },
    { name: "and that it is back where the last stream ended meanwhile", ends: true },
  ])("says of which of another gateway's streams the agent is away, $name", async ({ ends }) => {
    silent = true;
    const tunnels = peerTunnels();
    const place = placeOf(port);
    const stream = await tunnels.open(place, opening("here r", GET), true, new Recorder());
    await expect.poll(() => listener.relayed).toBe(1);
    expect(tunnels.isAway(place)).toBe(false);
    agentSide.pipe.cut();
    links.changed("c");
    await expect.poll(() => tunnels.isAway(place)).toBe(true);
    expect(tunnels.isAway({ ...place, tunnelId: "another" })).toBe(false);
    if (ends) stream.reset(new WireError("upstream_timeout", ""));
    await expect.poll(() => listener.relayed).toBe(ends ? 0 : 1);
    agentSide.join();
    links.changed("c");
    await expect.poll(() => tunnels.isAway(place)).toBe(false);
  });

  test("leads a stream into the tunnel that it names", async () => {
    const answer = await open(await join_(), opening("here ns/web a.test Prefix /", GET));
    expect(answer.heads).toEqual(["HTTP/1.1 204 No Content\r\n\r\n"]);
    expect(listener.relayed).toBe(0);
  });

  test.each([
    { name: "a tunnel that is not here: no second hop", set: () => {}, to: "elsewhere" },
    { name: "a tunnel whose agent drains", set: () => (association.draining = true), to: "here" },
    { name: "anything new while it drains", set: () => listener.drain(), to: "here" },
  ])("refuses unread $name", async ({ set, to }) => {
    set();
    const answer = await open(await join_(), opening(`${to} ns/web a.test Prefix /`, GET));
    expect(answer.error?.code).toBe("refused");
  });

  test("outlives a head that the agent's tunnel does not take", async () => {
    const tunnel = await join_();
    const big = await open(tunnel, opening("here r", `GET /${"x".repeat(2_000)}`));
    expect(big.error?.code).toBe("headers_too_large");
    expect((await open(tunnel, opening("here r", GET))).ended).toBe(true);
  });

  test("refuses another key, and outlives a target that is none", async () => {
    await expect(join_("another key of thirty-two bytes!")).rejects.toMatchObject({
      code: "unauthorized",
    });
    expect(refused).toContain("peer");
    const socket = connect(port, "127.0.0.1");
    socket.write("GET // HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    const [said] = (await once(socket, "data")) as [Buffer];
    expect(said.toString()).toMatch(/^HTTP\/1\.1 404 /);
    socket.destroy();
    expect(await join_()).toBeDefined();
  });

  test.each([
    { name: "says nothing", says: "" },
    { name: "says half of a head", says: "GET /.well-known/warren/peer HTTP/1.1\r\nhost: a\r\n" },
  ])("closes a connection that $name", async ({ says }) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    socket.write(says);
    await once(socket, "close");
    expect(await join_()).toBeDefined();
  });

  test("closes a splice that never says whose transport it is", async () => {
    const keyFile = join(folder, "peer.key");
    const dial = new PeerDial("entry", { kind: "key", keyFile }, new AbortController().signal);
    const closed = Promise.withResolvers<string>();
    await dial.dial(`ws://127.0.0.1:${port}`, SPLICE_PATH, {
      onBinary: () => {},
      onText: () => {},
      onClose: (code, reason) => closed.resolve(`${code} ${reason}`),
    });
    expect(await closed.promise).toBe("4408 no introduction came");
  });
});

test.each([
  { name: "data", say: (forward: Forward, bytes: number) => forward.onBinary(Buffer.alloc(bytes)) },
  { name: "text", say: (forward: Forward, bytes: number) => forward.onText("x".repeat(bytes)) },
])("a splice whose one end does not take the $name of the other is cut at 32 MiB", ({ say }) => {
  const { left, right } = new Pipe();
  const cuts: number[] = [];
  right.onClose = (code) => void cuts.push(code);
  const forward = new Forward(left);
  for (let n = 0; n < 32; n++) say(forward, 1_048_576);
  expect(left.closed).toBe(false);
  say(forward, 1);
  expect(left.closed).toBe(true);
  expect(cuts).toEqual([1006]);
});

describe("a spliced transport", () => {
  const identity = {
    tokenId: "t",
    clusterUuid: "c",
    cluster: "home",
    group: "g",
    hosts: [],
    tcpAllowed: false,
    address: "192.0.2.1",
    since: 0,
  };
  const splice = JSON.stringify({ type: "splice", payload: identity });

  test.each([
    { name: "that was introduced is left to its new hearer", says: splice, ends: [] },
    { name: "that begins with anything else is closed", says: "{}", ends: ["1002"] },
  ])("$name", async ({ says, ends }) => {
    const heard: string[] = [];
    const closed: string[] = [];
    const { left, right } = new Pipe();
    right.close = (code) => void closed.push(String(code));
    const spliced = new Spliced(right, 1, () => ({
      onBinary: () => {},
      onText: (text) => void heard.push(text),
      onClose: (code) => void heard.push(`close ${code}`),
    }));
    left.close(1000, "");
    spliced.onText(says);
    spliced.onText("register");
    // Later than its time would have been.
    await new Promise<void>((resolve) => void nodeWorld.clock.after(2, resolve));
    spliced.onClose(1000, "");
    if (ends.length === 0) expect(heard).toEqual(["register", "close 1000"]);
    expect(closed.slice(0, 1)).toEqual(ends);
  });
});

/** Client side, crossing, and the agent's stream, with all that is between settled by hand. */
function crossed() {
  const client = new Recorder();
  let crossing!: Crossing;
  let service!: Stream;
  const heard = new Recorder();
  const agent = new TunnelPair({
    onStream: (stream) => {
      service = stream;
      stream.owner = heard;
    },
  });
  const peer = new TunnelPair({
    onStream: (stream, block) => {
      const open = (owner: Stream["owner"]) => agent.acceptor.open(block, false, owner);
      crossing = new Crossing({ stream, ended: false }, open, () => {});
    },
  });
  const settle = () => {
    for (let i = 0; i < 20; i++) {
      peer.settle();
      agent.settle();
    }
  };
  peer.dialler.open(bytes("x"), false, client);
  settle();
  return { client, crossing, service, heard, settle };
}

describe("a crossing that is cut off", () => {
  const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n";
  const FRAME = Buffer.concat([Buffer.of(0x82, 5), Buffer.from("hello")]);
  const DRAINING = new WireError("draining", "going");

  test.each([
    { name: "between two frames says so there", part: 7 },
    { name: "inside a frame waits for its end", part: 4 },
  ])("$name", ({ part }) => {
    const { client, crossing, service, heard, settle } = crossed();
    service.head(bytes(SWITCH), false);
    service.write(FRAME.subarray(0, part), false);
    settle();
    crossing.cutOff(DRAINING);
    settle();
    expect(client.ended).toBe(part === 7);
    service.write(FRAME.subarray(part), false);
    settle();
    const farewell = Buffer.from(closeFrame(1012, "service restart"));
    expect(client.ended).toBe(true);
    expect(Buffer.concat(client.chunks)).toEqual(Buffer.concat([FRAME, farewell]));
    expect(heard.error?.code).toBe("draining");
  });

  test("that is no WebSocket is reset on both sides", () => {
    const { client, crossing, service, heard, settle } = crossed();
    service.head(bytes("HTTP/1.1 200 OK\r\n\r\n"), false);
    settle();
    crossing.cutOff(DRAINING);
    settle();
    expect([client.error?.code, heard.error?.code]).toEqual(["draining", "draining"]);
  });

  test("holds a fast side back by the slow one: no more piles up than both windows", () => {
    const { client, service, settle } = crossed();
    client.consuming = false;
    let sent = 0;
    const chunk = Buffer.alloc(4_096);
    service.head(bytes("HTTP/1.1 200 OK\r\n\r\n"), false);
    while (sent < 10_000_000 && service.write(chunk, false)) {
      sent += chunk.length;
      settle();
    }
    expect(sent).toBeLessThan(1_000_000);
    client.catchUp();
    settle();
    expect(service.writable).toBe(true);
  });
});
