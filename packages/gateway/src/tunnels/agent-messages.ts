import type { Association } from "@warren/tunnel";
import {
  CONTROL_BYTES,
  describe,
  Route,
  WireError,
  type Control,
  type IngressRoutes,
} from "@warren/wire";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as v from "valibot";
import type { Registry, RouteVerdict } from "../ports.ts";
import { SnapshotParts } from "../registry/snapshot-parts.ts";
import type { AgentIdentity } from "./identity.ts";

/** A cluster of this many routes is a mistake or an attack. */
const MOST_ROUTES = 100_000;
/** Messages of one agent that wait for those before them. The parts of its largest snapshot fit. */
const MOST_WAITING = 1_024;
/** Their text, and the same again for the parts of a snapshot that is not whole yet. */
const MOST_WAITING_BYTES = 64 * CONTROL_BYTES;
/** Rejections that one answer names: more would not fit into a control message. */
const MOST_NAMED = 500;
/** Longest text of a field there. */
const WORD = 512;
/** Routes that are checked in one turn of the event loop. */
const ROUTES_PER_TURN = 1_000;

export interface AgentMessagesOptions {
  registry: Pick<Registry, "apply" | "renew">;
  /** RFC 3339 of now. */
  timestamp: () => string;
  /** Whether another agent of its cluster has a tunnel, here or to another gateway, and stays. */
  hasFellows: (association: Association<AgentIdentity>) => Promise<boolean>;
  onRoutes: (
    association: Association<AgentIdentity>,
    action: IngressRoutes["action"],
    verdict: RouteVerdict,
  ) => void;
  onHeartbeat: (association: Association<AgentIdentity>, published: number) => void;
  onDraining: (association: Association<AgentIdentity>) => void;
  onFailure: (association: Association<AgentIdentity>, what: string, reason: unknown) => void;
}

/**
 * What agents say once registered: routes, heartbeats, farewells. Messages of one agent are answered
 * in the order in which they came, however long each takes.
 */
export class AgentMessages {
  readonly #options: AgentMessagesOptions;
  readonly #queues = new WeakMap<Association<AgentIdentity>, Queue>();
  readonly #parts = new WeakMap<Association<AgentIdentity>, SnapshotParts>();

  constructor(options: AgentMessagesOptions) {
    this.#options = options;
  }

  /** `bytes`: what its text weighed. */
  hear(association: Association<AgentIdentity>, message: Control, bytes: number): void {
    switch (message.type) {
      case "ingress_routes":
        return this.#inOrder(association, { what: "ingress_routes", bytes }, () =>
          this.#routes(association, message, bytes),
        );
      case "heartbeat":
        return this.#inOrder(association, { what: "heartbeat", bytes }, () =>
          this.#heartbeat(association, message.request_id),
        );
      case "drain":
        association.draining = true;
        association.send({
          type: "drain",
          request_id: message.request_id,
          payload: { deadline_ms: message.payload.deadline_ms },
        });
        return this.#options.onDraining(association);
      default:
        return; // answers to what this side said, or nothing that a gateway acts on
    }
  }

  #inOrder(
    association: Association<AgentIdentity>,
    { what, bytes }: { what: string; bytes: number },
    act: () => Promise<void>,
  ): void {
    const queue = this.#queues.get(association) ?? { length: 0, bytes: 0, last: Promise.resolve() };
    this.#queues.set(association, queue);
    if (queue.length >= MOST_WAITING || queue.bytes + bytes > MOST_WAITING_BYTES)
      return association.end(new WireError("protocol_error", "says more than can be answered"));
    queue.length++;
    queue.bytes += bytes;
    queue.last = queue.last
      .then(act)
      .catch((reason: unknown) => this.#options.onFailure(association, what, reason))
      .finally(() => {
        queue.length--;
        queue.bytes -= bytes;
      });
  }

  async #heartbeat(association: Association<AgentIdentity>, requestId?: string): Promise<void> {
    const published = await this.#options.registry.renew(association.identity.clusterUuid);
    association.send({
      type: "heartbeat_ack",
      request_id: requestId,
      payload: { received_at: this.#options.timestamp() },
    });
    this.#options.onHeartbeat(association, published);
  }

  async #routes(
    association: Association<AgentIdentity>,
    { payload, request_id: requestId }: Control & { type: "ingress_routes" },
    bytes: number,
  ): Promise<void> {
    const parts =
      this.#parts.get(association) ??
      new SnapshotParts({ routes: MOST_ROUTES, bytes: MOST_WAITING_BYTES });
    this.#parts.set(association, parts);
    const whole = parts.join(payload, bytes);
    if (whole === "more") return;
    if (whole === "broken") {
      association.send({
        type: "error",
        request_id: requestId,
        payload: { code: "bad_request", message: "the parts of a snapshot do not follow on" },
      });
      return;
    }
    const verdict = (await this.#isLeftBehind(association, whole))
      ? { revision: whole.revision, accepted: 0, rejected: [], ports: {} }
      : await this.#apply(association.identity, whole);
    association.send({
      type: "ingress_routes_ack",
      request_id: requestId,
      payload: {
        revision: verdict.revision,
        accepted: verdict.accepted,
        rejected: verdict.rejected.slice(0, MOST_NAMED).map(fitting),
        ports: verdict.ports,
      },
    });
    this.#options.onRoutes(association, whole.action, verdict);
  }

  /** An agent that goes takes its routes back; what others of its cluster serve stays. */
  async #isLeftBehind(
    association: Association<AgentIdentity>,
    { action, routes }: IngressRoutes,
  ): Promise<boolean> {
    const withdraws = association.draining && action === "sync" && routes.length === 0;
    return withdraws && (await this.#options.hasFellows(association));
  }

  async #apply(identity: AgentIdentity, message: IngressRoutes): Promise<RouteVerdict> {
    const routes: Route[] = [];
    const malformed: RouteVerdict["rejected"] = [];
    for (const [at, said] of message.routes.entries()) {
      // Other clusters' requests do not wait for a large snapshot.
      if (at % ROUTES_PER_TURN === ROUTES_PER_TURN - 1) await nextTurn();
      const parsed = v.safeParse(Route, said);
      if (parsed.success) routes.push(parsed.output);
      else
        malformed.push({
          ...placeOf(said),
          code: "invalid_route",
          message: describe(parsed.issues),
        });
    }
    const verdict = await this.#options.registry.apply({
      clusterUuid: identity.clusterUuid,
      group: identity.group,
      tokenId: identity.tokenId,
      allowed: identity.hosts,
      tcpAllowed: identity.tcpAllowed,
      action: message.action,
      revision: message.revision,
      routes,
    });
    return { ...verdict, rejected: [...malformed, ...verdict.rejected] };
  }
}

/** What waits to be answered, and the last of it. */
interface Queue {
  length: number;
  /** Of text. */
  bytes: number;
  last: Promise<void>;
}

type Rejection = RouteVerdict["rejected"][number];

/** A path may be longer than what an answer can say. */
function fitting({ host, path, code, message }: Rejection): Rejection {
  return { host, path: path.slice(0, WORD), code, message: message.slice(0, WORD) };
}

/** Names what was malformed as well as it can be named. */
function placeOf(said: unknown): { host: string; path: string } {
  const word = (name: string): string => {
    const value: unknown =
      typeof said === "object" && said !== null ? Reflect.get(said, name) : undefined;
    return typeof value === "string" ? value.slice(0, WORD) : "";
  };
  return { host: word("host"), path: word("path") };
}
