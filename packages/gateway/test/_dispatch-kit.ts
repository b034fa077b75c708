import { AgentBalancer } from "@warren/fleet";
import { virtualClock } from "@warren/host/testing";
import type { Association, Stream } from "@warren/tunnel";
import { Recorder } from "@warren/tunnel/testing";
import { KIND, WireError } from "@warren/wire";
import type { Errand, Matched, Opened, Presence, RouteEntry, TunnelPlace } from "../src/ports.ts";
import { memoryDirectory } from "../src/registry/memory-directory.ts";
import { Dispatcher } from "../src/tunnels/dispatcher.ts";
import type { AgentIdentity } from "../src/tunnels/identity.ts";
import { Links } from "../src/tunnels/links.ts";
import { OpeningCache } from "../src/tunnels/opening-cache.ts";
import { wayTo } from "../src/tunnels/moved.ts";
import { WaitingRoom } from "../src/tunnels/waiting-room.ts";
import { entry } from "./_routes-kit.ts";

/** An agent's tunnel as dispatching sees it; a test changes what it says of itself. */
export class ScriptedAgent {
  attached = true;
  draining = false;
  retiring = false;
  streams = 0;
  openable = true;
  readonly tunnelId: string;
  readonly identity: AgentIdentity;
  readonly register: Association["register"];

  constructor(agentId: string, clusterUuid: string, weight: string | undefined) {
    this.tunnelId = `t-${agentId}`;
    this.identity = { clusterUuid, cluster: clusterUuid } as AgentIdentity;
    const labels = weight === undefined ? {} : { weight };
    this.register = { agent_id: agentId, labels, ready: true } as Association["register"];
  }
  get tunnel() {
    const { streams, openable } = this;
    return { streams, openable, open: () => ({ ...STREAM, on: this.register.agent_id }) };
  }
}
const STREAM = { open: true } as unknown as Stream;

/** A dispatcher with agents that are scripts, here and on other gateways, on a virtual clock. */
export class DispatchHouse {
  readonly clock = virtualClock();
  readonly links = new Links();
  readonly room: WaitingRoom;
  readonly directory = memoryDirectory();
  readonly presence = new Map<string, Presence>();
  readonly dispatcher: Dispatcher;
  /** Where streams went over other gateways; tests say which gateways do not answer. */
  readonly hops: string[] = [];
  readonly deaf = new Set<string>();
  /** Clusters whose own endpoint answers. */
  readonly endpoints = new Set<string>();
  point = 0;

  constructor({ peers = true, most = 100, perCluster = 100 } = {}) {
    this.room = new WaitingRoom(this.clock, { most, perCluster });
    this.links.onChange((uuid) => this.room.wake(uuid));
    this.dispatcher = new Dispatcher({
      gatewayId: "here",
      clock: this.clock,
      random: () => this.point,
      links: this.links,
      registry: { directory: this.directory, presence: (uuid) => this.presence.get(uuid) },
      balancer: new AgentBalancer({
        affinityMs: 10_800_000,
        remembered: 100,
        tag: (text) => Buffer.from(text).toString("base64url"),
      }),
      openings: new OpeningCache(() => 0),
      room: this.room,
      flapMs: 5_000,
      direct: {
        isUsable: ({ clusterUuid }) => this.endpoints.has(clusterUuid),
        open: (errand, { clusterUuid }) => {
          const seen = errand.moved?.refusedBy ?? [];
          const agentId = `direct ${clusterUuid}`;
          if (!this.endpoints.has(clusterUuid) || seen.includes(wayTo(agentId, undefined)))
            return undefined;
          const [entry] = errand.matched.entries;
          const opened = { stream: STREAM, entry: entry!, clusterUuid, agentId };
          return { ...opened, viaGateway: undefined, isAway: undefined, setSticky: undefined };
        },
      },
      peers: peers
        ? {
            open: async ({ gatewayId, agentId }) => {
              if (this.deaf.has(gatewayId)) throw new WireError("refused", "deaf");
              this.hops.push(`${gatewayId}/${agentId}`);
              return STREAM;
            },
            isAway: () => false,
            outstanding: () => 0,
            reachable: () => true,
          }
        : undefined,
    });
  }

  agent(agentId: string, { cluster = "c1", weight }: { cluster?: string; weight?: string } = {}) {
    const agent = new ScriptedAgent(agentId, cluster, weight);
    this.links.add(agent as unknown as Association<AgentIdentity>);
    this.presence.set(cluster, { online: true, since: 0 });
    return agent;
  }

  /** From when an agent here is ready, as it says. */
  tell(agentId: string, readyAt: number): void {
    for (const { agents } of this.links.clusters())
      for (const link of agents) if (link.agentId === agentId) link.readyAt = readyAt;
    this.changed();
  }

  remote(agentId: string, gatewayId: string, more: Partial<TunnelPlace> = {}): void {
    const rates = { cluster: undefined, client: undefined };
    const where = { tunnelId: `t-${gatewayId}-${agentId}`, clusterUuid: "c1", peerUrl: "ws://x" };
    this.presence.set(more.clusterUuid ?? "c1", { online: true, since: 0 });
    void this.directory.announceTunnel({ ...where, agentId, gatewayId, rates, ...more });
  }

  /** Something about a cluster changed. */
  changed(cluster = "c1"): void {
    this.links.changed(cluster);
  }

  errand(more: Partial<Errand> & { policy?: object; entries?: RouteEntry[] } = {}): Errand {
    const { policy = {}, entries = [entry({})], ...rest } = more;
    const matched: Matched = {
      entries,
      host: "a.test",
      policy: { ...entries[0]!.route.policy, ...policy },
      filters: undefined,
    };
    const address = { address: "192.0.2.1", port: 1, localAddress: "", localPort: 2 };
    const head = "";
    const owner = new Recorder();
    return {
      kind: KIND.http,
      matched,
      client: address,
      asked: undefined,
      sticky: undefined,
      staying: undefined,
      head,
      ended: true,
      owner,
      ...rest,
    };
  }

  /** Where an errand went, or the code it was refused with. */
  async open(errand = this.errand()): Promise<string> {
    try {
      return nameOf(await this.dispatcher.open(errand));
    } catch (reason) {
      return WireError.from(reason).code;
    }
  }

  /** Moves time in small steps, so that what waits gets its turns. */
  async pass(ms: number): Promise<void> {
    for (let done = 0; done < ms; done += 50) {
      this.clock.advance(50);
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
  }
}

export function nameOf({ agentId, viaGateway }: Opened): string {
  return viaGateway === undefined ? agentId : `${viaGateway}/${agentId}`;
}
