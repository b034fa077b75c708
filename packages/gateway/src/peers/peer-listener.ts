import { nodeWorld } from "@warren/host";
import { readFile } from "node:fs/promises";
import { createServer as createPlain, type IncomingMessage } from "node:http";
import { createServer as createTls } from "node:https";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Log } from "@warren/host";
import {
  Acceptor,
  Pool,
  type Association,
  type Heard,
  type Identity,
  type Stream,
  type StreamOwner,
  type Transport,
  type Tunnel,
} from "@warren/tunnel";
import {
  PEER_PATH,
  readOpening,
  SPLICE_PATH,
  WireError,
  writeOpening,
  OPENING_HEADER_BYTES,
  type Limits,
} from "@warren/wire";
import type { GatewayConfig } from "../config.ts";
import type { Events } from "../events.ts";
import type { Agents } from "../tunnels/agents.ts";
import { handshakeTimes, refuse, shakeHands } from "../tunnels/handshake.ts";
import type { Links } from "../tunnels/links.ts";
import { AwayAgents, type Passage } from "./away-agents.ts";
import { PeerKey } from "./peer-auth.ts";
import type { PeersConfig } from "./peer-dial.ts";
import { Crossing } from "./relay.ts";
import { Spliced } from "./splice.ts";

export interface PeerListenerOptions {
  config: PeersConfig;
  gatewayId: string;
  tunnels: GatewayConfig["tunnels"];
  limits: Limits;
  newTunnelId: () => string;
  agents: Agents;
  links: Pick<Links, "onChange">;
  /** Each step of another gateway's arrival takes no longer. */
  handshakeMs: number;
  events: Pick<Events, "broke" | "credentialRefused">;
  log: Log;
}

/** What is cut off gets this long to come to its end. */
const CUT_GRACE_MS = 2_000;
const CUT_LOOK_MS = 20;

/** What other gateways dial: streams for tunnels that are here, and resumes that landed there. */
export class PeerListener {
  readonly server: ReturnType<typeof createPlain> | ReturnType<typeof createTls>;
  readonly #options: PeerListenerOptions;
  readonly #acceptor: Acceptor<Identity>;
  readonly #crossings = new Map<Crossing, Passage>();
  readonly #away: AwayAgents;
  readonly #stopHearing: () => void;
  #draining = false;

  static async create(options: PeerListenerOptions): Promise<PeerListener> {
    const { auth } = options.config;
    const times = handshakeTimes(options.handshakeMs);
    if (auth.kind === "key") {
      await new PeerKey(auth.keyFile).check();
      return new PeerListener(options, createPlain(times));
    }
    const [ca, cert, key] = await Promise.all([
      readFile(auth.caFile),
      readFile(auth.certFile),
      readFile(auth.keyFile),
    ]);
    const settings = { ...times, ca, cert, key, requestCert: true, rejectUnauthorized: true };
    return new PeerListener(options, createTls(settings));
  }

  private constructor(options: PeerListenerOptions, server: PeerListener["server"]) {
    this.#options = options;
    this.server = server;
    const { agents, events, gatewayId, limits, links, log, newTunnelId, tunnels } = options;
    const passages = () => this.#crossings.values();
    this.#away = new AwayAgents({ clock: nodeWorld.clock, passages });
    // The last stream may have ended while its agent was away: its return is told all the same.
    const concerns = () => this.#crossings.size > 0 || !this.#away.saidNothing;
    this.#stopHearing = links.onChange(() => concerns() && this.#away.changed());
    this.#acceptor = new Acceptor<Identity>({
      world: {
        ...nodeWorld,
        broke: (reason) => events.broke("stream of another gateway", reason),
      },
      newTunnelId,
      gateway: { id: gatewayId, url: options.config.advertise },
      gateways: () => [],
      pool: () => new Pool(tunnels.poolBytes, agents.pool),
      limits,
      opens: 0,
      detectMs: tunnels.detectMs,
      resumeMs: tunnels.resumeMs,
      heartbeatMs: tunnels.heartbeatMs,
      owner: {
        onUp: (one) => this.#away.forget(one),
        onDown: () => {},
        onGone: (one, error) => {
          this.#away.forget(one);
          log.debug("tunnel from gateway gone", { peer: one.register.agent_id, error });
        },
        onControl: () => {},
        onStream: (one, stream, opening, ended) => this.#relay(one, { stream, ended }, opening),
        elsewhere: async () => undefined,
      },
    });
    server.on("request", (_request, response) => {
      response.writeHead(404, { connection: "close" }).end();
    });
    server.on(
      "upgrade",
      (request: IncomingMessage, socket: Duplex, head: Buffer) =>
        void this.#onUpgrade(request, socket, head),
    );
  }

  /** Streams of other gateways that go through here now. */
  get relayed(): number {
    return this.#crossings.size;
  }

  /** New streams are refused unread from now on; those under way go on. */
  drain(): void {
    this.#draining = true;
  }

  /** Ends what is left, WebSockets at a frame boundary. Resolves when that is done, or took too long. */
  async cutOff(): Promise<void> {
    const error = new WireError("draining", "the gateway is going");
    for (const crossing of this.#crossings.keys()) crossing.cutOff(error);
    // Farewells are on their way to other gateways, and frames to the boundary before them.
    for (let left = CUT_GRACE_MS; left > 0 && this.#streams > 0; left -= CUT_LOOK_MS)
      await new Promise<void>((resolve) => void nodeWorld.clock.after(CUT_LOOK_MS, resolve));
  }

  get #streams(): number {
    let count = 0;
    for (const one of this.#acceptor.associations()) count += one.tunnel.streams;
    return count;
  }

  close(error: WireError): void {
    this.#stopHearing();
    this.#acceptor.close(error);
    this.#away.close();
    this.server.close();
    this.server.closeAllConnections();
  }

  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const pathname = (request.url ?? "/").split("?", 1)[0]!;
    if (pathname !== PEER_PATH && pathname !== SPLICE_PATH)
      return refuse(socket, new WireError("no_route", "not a path between gateways"));
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(request.headers))
      headers[name] = Array.isArray(value) ? value.join(", ") : value;
    const url = request.url ?? "/";
    const upgrade = { request: { method: request.method ?? "GET", url, headers }, socket, head };
    const refused = await shakeHands(upgrade, (bearer) =>
      this.#authenticate(pathname, bearer, socket),
    );
    if (refused !== undefined)
      this.#options.events.credentialRefused("peer", request.socket.remoteAddress ?? "", refused);
  }

  async #authenticate(
    path: string,
    bearer: string,
    socket: Duplex,
  ): Promise<((transport: Transport) => Heard) | WireError> {
    const { auth } = this.#options.config;
    const peer = await this.#peerOf(auth, bearer, socket);
    if (peer instanceof WireError) return peer;
    const { agents, handshakeMs } = this.#options;
    if (path === SPLICE_PATH)
      return (transport) =>
        new Spliced(transport, handshakeMs, (identity) => agents.adopt(transport, identity));
    const identity = { tokenId: peer, clusterUuid: `gateway ${peer}`, cluster: peer };
    return (transport) => this.#acceptor.accept(transport, identity);
  }

  async #peerOf(
    auth: PeersConfig["auth"],
    bearer: string,
    socket: Duplex,
  ): Promise<string | WireError> {
    if (auth.kind === "key") return new PeerKey(auth.keyFile).verify(bearer);
    const known = socket instanceof TLSSocket && socket.authorized;
    return known ? bearer : new WireError("unauthorized", "expected a client certificate");
  }

  /** Joins a stream of another gateway to the tunnel that it names. A second hop is refused. */
  #relay(peer: Association, near: { stream: Stream; ended: boolean }, bytes: Uint8Array): void {
    const { stream: from, ended } = near;
    const opening = readOpening(bytes);
    if (opening === undefined)
      return from.reset(new WireError("protocol_error", "a malformed opening"));
    const route = nodeWorld.toText(opening.route);
    const space = route.indexOf(" ");
    const tunnelId = route.slice(0, space);
    const tunnel = this.#willing(tunnelId);
    if (tunnel === undefined)
      return from.reset(new WireError("refused", "the tunnel takes nothing new here"));
    const onward = { ...opening, route: opening.route.subarray(space + 1) };
    const head = bytes.subarray(opening.headAt);
    const block = Buffer.allocUnsafe(OPENING_HEADER_BYTES + onward.route.length + head.length);
    block.set(head, writeOpening(block, onward));
    try {
      const open = (owner: StreamOwner): Stream => tunnel.open(block, ended, owner);
      const crossing = new Crossing(near, open, (over) => this.#crossings.delete(over));
      const passage = {
        peer,
        tunnelId,
        get isAway() {
          return crossing.isAway;
        },
      };
      this.#crossings.set(crossing, passage);
    } catch (reason) {
      from.reset(WireError.from(reason)); // a head beyond what the agent takes
    }
  }

  /** The tunnel of this gateway by its id, if a new stream could leave in it now. */
  #willing(tunnelId: string): Tunnel | undefined {
    const one = this.#options.agents.acceptor.find(tunnelId);
    if (one === undefined || this.#draining || one.draining || one.retiring) return undefined;
    return one.attached && one.tunnel.openable ? one.tunnel : undefined;
  }
}
