import { nodeWorld } from "@warren/host";
import { Dialler, Pool, type Stream, type StreamOwner, type Tunnel } from "@warren/tunnel";
import { PEER_PATH, WireError, type Limits } from "@warren/wire";
import type { Log } from "@warren/host";
import type { TunnelPlace } from "../ports.ts";
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
}

/** One other gateway, and the tunnel to it. */
interface Peer {
  dialler: Dialler;
  shunnedUntilMs: number;
  waiters: Set<(tunnel: Tunnel | undefined) => void>;
}

/** Tunnels to other gateways, dialled when first needed, resumed like any other. */
export class PeerTunnels implements Peers {
  readonly #options: PeerTunnelsOptions;
  readonly #peers = new Map<string, Peer>();

  constructor(options: PeerTunnelsOptions) {
    this.#options = options;
  }

  async open(
    place: TunnelPlace,
    opening: Uint8Array,
    ended: boolean,
    owner: StreamOwner,
  ): Promise<Stream> {
    const peer = this.#peer(place);
    const tunnel = peer.dialler.phase === "serving" ? peer.dialler.tunnel : await this.#wait(peer);
    if (tunnel === undefined)
      throw new WireError("refused", "the gateway that has the tunnel does not answer");
    return tunnel.open(opening, ended, owner);
  }

  outstanding(place: TunnelPlace): number {
    return this.#peers.get(place.gatewayId)?.dialler.tunnel?.streams ?? 0;
  }

  reachable(gatewayId: string): boolean {
    const peer = this.#peers.get(gatewayId);
    return peer === undefined || peer.shunnedUntilMs <= nodeWorld.clock.now();
  }

  /** Forgets gateways that left, once nothing goes there. */
  keep(gatewayIds: ReadonlySet<string>): void {
    for (const [id, peer] of this.#peers) {
      if (gatewayIds.has(id) || (peer.dialler.tunnel?.streams ?? 0) > 0) continue;
      this.#peers.delete(id);
      peer.dialler.close(new WireError("draining", "the other gateway left"));
    }
  }

  close(error: WireError): void {
    for (const peer of this.#peers.values()) peer.dialler.close(error);
    this.#peers.clear();
  }

  #wait(peer: Peer): Promise<Tunnel | undefined> {
    return new Promise((resolve) => {
      const done = (tunnel: Tunnel | undefined): void => {
        cancel();
        peer.waiters.delete(done);
        resolve(tunnel);
      };
      const cancel = nodeWorld.clock.after(DIAL_WAIT_MS, () => {
        this.#shun(peer);
        done(undefined);
      });
      peer.waiters.add(done);
    });
  }

  #shun(peer: Peer): void {
    peer.shunnedUntilMs = nodeWorld.clock.now() + SHUN_MS;
  }

  #peer(place: TunnelPlace): Peer {
    const known = this.#peers.get(place.gatewayId);
    if (known !== undefined) return known;
    const { dial, gatewayId, gatewayPool, limits, poolBytes, detectMs, log } = this.#options;
    const fields = { peer: place.gatewayId };
    const tell = (tunnel: Tunnel | undefined): void => {
      for (const waiter of peer.waiters) waiter(tunnel);
    };
    const dialler = new Dialler({
      world: nodeWorld,
      urls: [place.peerUrl],
      dial: (_url, heard) => dial.dial(place.peerUrl, PEER_PATH, heard),
      registration: () => ({
        agentId: gatewayId,
        name: gatewayId,
        version: "",
        labels: {},
        place: {},
      }),
      pool: () => new Pool(poolBytes, gatewayPool),
      limits,
      detectMs,
      owner: {
        onUp: (tunnel) => {
          peer.shunnedUntilMs = 0;
          log.debug("tunnel to gateway up", fields);
          tell(tunnel);
        },
        onDown: (_tunnel, reason) => log.debug("tunnel to gateway down", { ...fields, reason }),
        onGone: (_tunnel, error) => log.info("tunnel to gateway gone", { ...fields, error }),
        onRetry: (error, retryInMs) => {
          log.debug("gateway not reached", { ...fields, error, retry_in_ms: retryInMs });
          this.#shun(peer);
          if (peer.dialler.tunnel === undefined) tell(undefined);
        },
        onReplaced: () => {
          log.warn("another process uses this gateway's id", fields);
          this.#peers.delete(place.gatewayId);
        },
        onRetired: () => {},
        onControl: () => {},
        onStream: (stream) => stream.reset(new WireError("not_implemented", "")),
      },
    });
    const peer: Peer = { dialler, shunnedUntilMs: 0, waiters: new Set() };
    this.#peers.set(place.gatewayId, peer);
    dialler.start();
    return peer;
  }
}
