import { DialError, nodeWorld, randomId, type Log } from "@warren/host";
import { Dialler, Pool, type Stream, type StreamOwner, type Tunnel } from "@warren/tunnel";
import { PEER_PATH, WireError, type Control, type Limits } from "@warren/wire";
import type { GatewayPlace, TunnelPlace } from "../ports.ts";
import type { Peers } from "../tunnels/dispatcher.ts";
import type { PeerDial } from "./peer-dial.ts";

/** A request does not wait longer for a gateway that must be dialled first. */
const DIAL_WAIT_MS = 2_000;
/** Another gateway that did not answer is not asked again for this long. */
const SHUN_MS = 2_000;

export interface PeerTunnelsOptions {
  gatewayId: string;
  dial: PeerDial;
  limits: Limits;
  poolBytes: number;
  gatewayPool: Pool;
  detectMs: number;
  log: Log;
  /** Hears of bugs. */
  broke: (reason: unknown) => void;
}

/** One process of another gateway, and the tunnel to it. */
interface Peer {
  gatewayId: string;
  dialler: Dialler;
  waiters: Set<(tunnel: Tunnel | undefined) => void>;
  /** Tunnels there whose agents are away, as far as streams from here go on in them. */
  away: ReadonlySet<string>;
}

type Address = Pick<TunnelPlace, "gatewayId" | "peerUrl">;

/**
 * Tunnels to other gateways, dialled when first needed, resumed like any other. A gateway where
 * nobody listens any more is gone with all that it carried: its streams fail at once.
 */
export class PeerTunnels implements Peers {
  readonly #options: PeerTunnelsOptions;
  readonly #instance = randomId(8, "hex");
  /** By id and address: a process that comes back elsewhere is another one. */
  readonly #peers = new Map<string, Peer>();
  readonly #shunnedUntilMs = new Map<string, number>();

  constructor(options: PeerTunnelsOptions) {
    this.#options = options;
  }

  async open(
    place: TunnelPlace,
    opening: Uint8Array,
    ended: boolean,
    owner: StreamOwner,
  ): Promise<Stream> {
    const peer = this.#peers.get(keyOf(place)) ?? this.#add(place);
    const tunnel = peer.dialler.phase === "serving" ? peer.dialler.tunnel : await this.#wait(peer);
    if (tunnel === undefined)
      throw new WireError("refused", "the gateway that has the tunnel does not answer");
    return tunnel.open(opening, ended, owner);
  }

  outstanding(place: TunnelPlace): number {
    return this.#peers.get(keyOf(place))?.dialler.tunnel?.streams ?? 0;
  }

  isAway(place: TunnelPlace): boolean {
    return this.#peers.get(keyOf(place))?.away.has(place.tunnelId) === true;
  }

  reachable(place: TunnelPlace): boolean {
    const until = this.#shunnedUntilMs.get(keyOf(place));
    return until === undefined || until <= nodeWorld.clock.now();
  }

  /** Forgets gateways that left, once nothing goes there or they are not there to carry it. */
  keep(gateways: readonly GatewayPlace[]): void {
    const there = new Set(gateways.map(keyOf));
    const now = nodeWorld.clock.now();
    for (const [key, until] of this.#shunnedUntilMs)
      if (until <= now) this.#shunnedUntilMs.delete(key);
    for (const [key, peer] of this.#peers) {
      const carries = peer.dialler.phase === "serving" && (peer.dialler.tunnel?.streams ?? 0) > 0;
      if (!there.has(key) && !carries) this.#drop(key, peer, LEFT);
    }
  }

  close(error: WireError): void {
    for (const [key, peer] of this.#peers) this.#drop(key, peer, error);
  }

  #wait(peer: Peer): Promise<Tunnel | undefined> {
    return new Promise((resolve) => {
      const done = (tunnel: Tunnel | undefined): void => {
        cancel();
        peer.waiters.delete(done);
        resolve(tunnel);
      };
      const cancel = nodeWorld.clock.after(DIAL_WAIT_MS, () => done(undefined));
      peer.waiters.add(done);
    });
  }

  #drop(key: string, peer: Peer, error: WireError): void {
    this.#peers.delete(key);
    peer.dialler.close(error);
    tell(peer, undefined);
  }

  #add(place: Address): Peer {
    const { broke, dial, gatewayId, gatewayPool, limits, poolBytes, detectMs } = this.#options;
    const dialler = new Dialler({
      world: { ...nodeWorld, broke },
      urls: [place.peerUrl],
      others: () => [],
      dial: (_url, heard) => dial.dial(place.peerUrl, PEER_PATH, heard),
      registration: () => ({
        agentId: gatewayId,
        instance: this.#instance,
        name: gatewayId,
        version: "",
        labels: {},
        place: {},
        ready: true,
      }),
      pool: () => new Pool(poolBytes, gatewayPool),
      limits,
      detectMs,
      owner: this.#ownerOf(place),
    });
    const { gatewayId: id } = place;
    const peer: Peer = { gatewayId: id, dialler, waiters: new Set(), away: NONE };
    this.#peers.set(keyOf(place), peer);
    dialler.start();
    return peer;
  }

  #ownerOf(place: Address) {
    const { log } = this.#options;
    const key = keyOf(place);
    const fields = { peer: place.gatewayId };
    return {
      onUp: (tunnel: Tunnel) => {
        this.#shunnedUntilMs.delete(key);
        log.debug("tunnel to gateway up", fields);
        const peer = this.#peers.get(key);
        if (peer === undefined) return;
        // It says anew who is away.
        peer.away = NONE;
        tell(peer, tunnel);
      },
      onDown: (_tunnel: Tunnel, reason: string) =>
        log.debug("tunnel to gateway down", { ...fields, reason }),
      onGone: (_tunnel: Tunnel, error: WireError) =>
        log.info("tunnel to gateway gone", { ...fields, error }),
      onRetry: (error: WireError, retryInMs: number) => {
        log.debug("gateway not reached", { ...fields, error, retry_in_ms: retryInMs });
        this.#notReached(key, error);
      },
      onReplaced: () => {
        log.warn("another process uses this gateway's id", fields);
        const peer = this.#peers.get(key);
        if (peer !== undefined) this.#drop(key, peer, LEFT);
      },
      onRetired: () => {},
      onControl: (message: Control) => {
        const peer = this.#peers.get(key);
        if (message.type === "away" && peer !== undefined)
          peer.away = new Set(message.payload.tunnels);
      },
      onStream: (stream: Stream) => stream.reset(new WireError("not_implemented", "")),
    };
  }

  #notReached(key: string, error: WireError): void {
    const peer = this.#peers.get(key);
    if (peer === undefined) return;
    const gone = nobodyListens(error);
    // A transport that was just lost is dialled anew at once: no reason to look elsewhere yet.
    if (gone || peer.dialler.tunnel === undefined)
      this.#shunnedUntilMs.set(key, nodeWorld.clock.now() + SHUN_MS);
    if (gone) this.#drop(key, peer, new WireError("tunnel_lost", "the other gateway is gone"));
    else if (peer.dialler.tunnel === undefined) tell(peer, undefined);
  }
}

const LEFT = new WireError("tunnel_lost", "the other gateway left");
const NONE: ReadonlySet<string> = new Set();

function keyOf({ gatewayId, peerUrl }: Address): string {
  return `${gatewayId} ${peerUrl}`;
}

function tell(peer: Peer, tunnel: Tunnel | undefined): void {
  for (const waiter of peer.waiters) waiter(tunnel);
}

/** The host answered that its port is closed. A host that says nothing may be there all the same. */
export function nobodyListens(error: WireError): boolean {
  const { cause } = error;
  return (
    cause instanceof DialError &&
    cause.phase === "connect" &&
    (cause.cause as NodeJS.ErrnoException | undefined)?.code === "ECONNREFUSED"
  );
}
