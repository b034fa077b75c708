import type { Association } from "@warren/tunnel";
import {
  WireError,
  type Certificates,
  type Control,
  type Heartbeat,
  type IngressRoutes,
  type Route,
} from "@warren/wire";
import type { HostCare } from "../host-care.ts";
import type { Registry, RouteVerdict } from "../ports.ts";
import type { Refusal } from "../registry/admission.ts";
import type { RoutesHead, Whole } from "../registry/snapshot-parts.ts";
import { ClusterLines, type AgentLine } from "./agent-line.ts";
import type { AgentIdentity } from "./identity.ts";
import {
  headOf,
  MOST_NAMED,
  readRoutes,
  rejectionOf,
  WORD,
  type ReadRoutes,
  type Rejection,
} from "./read-routes.ts";
import { withoutRefusedEndpoints, type EndpointJudge } from "./judged-endpoints.ts";

/** Messages of one agent that wait for those before them. The parts of its largest snapshot fit. */
const MOST_WAITING = 1_024;
/** What finds no room may find some after this. */
const NO_ROOM_MS = 2_000;
const TOO_MUCH: Refusal = {
  code: "overloaded",
  message: "its agent, or its cluster, has said more than can be kept (--agent-messages)",
};

export interface AgentMessagesOptions {
  /** Undefined where no endpoint is dialled: what needs one is refused. */
  endpoints: EndpointJudge | undefined;
  registry: Pick<Registry, "apply" | "renew" | "revision">;
  /** Routes that a cluster may have. */
  mostRoutes: number;
  /** Characters that one agent may have said and that are not done with. */
  mostLength: number;
  /** RFC 3339 of now. */
  timestamp: () => string;
  /** Whether another agent of its cluster has a tunnel, here or to another gateway, and stays. */
  hasFellows: (association: Association<AgentIdentity>) => Promise<boolean>;
  hosts: Pick<HostCare, "admit" | "published" | "heard">;
  onRoutes: (
    association: Association<AgentIdentity>,
    action: IngressRoutes["action"],
    verdict: RouteVerdict,
  ) => void;
  /** What an agent says of its cluster: at once, before what it publishes. */
  onKind: (association: Association<AgentIdentity>, isPrivate: boolean | undefined) => void;
  onHeartbeat: (association: Association<AgentIdentity>, published: number) => void;
  /** It says whether it knows what its cluster publishes. */
  onReady: (association: Association<AgentIdentity>, ready: boolean) => void;
  onDraining: (association: Association<AgentIdentity>) => void;
  onFailure: (association: Association<AgentIdentity>, what: string, reason: unknown) => void;
}

/** What heartbeats tell people, and nothing goes by. */
export interface Beat {
  isPrivate: boolean | undefined;
  /** Routes that the agent wants in force. */
  wanted: number | undefined;
}

/** A message about routes as it waits: unread, or, without room for it, what it will be refused with. */
interface Said {
  head: RoutesHead;
  requestId: string | undefined;
  body: string | Rejection[];
}

/**
 * What agents say once registered: routes, heartbeats, farewells. Messages of one agent are answered
 * in the order in which they came, however long each takes. What waits, waits as the text that it came
 * in, and is bounded for each agent and for each cluster; one message of a cluster is read at a time.
 */
export class AgentMessages {
  readonly #options: AgentMessagesOptions;
  readonly #lines = new Map<Association<AgentIdentity>, AgentLine>();
  readonly #beats = new WeakMap<Association<AgentIdentity>, Beat>();
  readonly #clusters = new Map<string, ClusterLines>();

  constructor(options: AgentMessagesOptions) {
    this.#options = options;
  }

  /** `text`: the message as it came. */
  hear(association: Association<AgentIdentity>, message: Control, text: string): void {
    switch (message.type) {
      case "ingress_routes":
        return this.#hearRoutes(association, message.payload, { text, id: message.request_id });
      case "certificates":
        return this.#hearCertificates(association, message.payload, {
          length: text.length,
          id: message.request_id,
        });
      case "heartbeat":
        this.#beats.set(association, beatOf(message.payload));
        if (message.payload.metadata.ready !== undefined)
          this.#options.onReady(association, message.payload.metadata.ready);
        this.#options.onKind(association, message.payload.metadata.is_private);
        return this.#inOrder(association, "heartbeat", 0, () =>
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

  /** What an agent said of itself last; undefined before its first heartbeat. */
  lastBeat(association: Association<AgentIdentity>): Beat | undefined {
    return this.#beats.get(association);
  }

  /** The agent is gone, and nobody waits for answers. */
  forget(association: Association<AgentIdentity>): void {
    this.#lines.get(association)?.close();
    this.#lines.delete(association);
  }

  #hearRoutes(
    association: Association<AgentIdentity>,
    message: IngressRoutes,
    { text, id: requestId }: { text: string; id: string | undefined },
  ): void {
    const line = this.#line(association);
    const said: Said = { head: headOf(message), requestId, body: text };
    let length = text.length;
    if (!line.hasRoomFor(length)) {
      const room = Math.max(0, MOST_NAMED - line.named - line.parts.named);
      said.body = message.routes.slice(0, room).map((route) => rejectionOf(route, TOO_MUCH));
      line.named += said.body.length;
      length = 0;
    }
    this.#inOrder(association, "ingress_routes", length, () =>
      this.#routes(association, line, said),
    );
  }

  #hearCertificates(
    association: Association<AgentIdentity>,
    said: Certificates,
    { length, id }: { length: number; id: string | undefined },
  ): void {
    const room = this.#line(association).hasRoomFor(length);
    this.#inOrder(association, "certificates", room ? length : 0, async () => {
      const error = new WireError("overloaded", TOO_MUCH.message);
      if (!room) return this.#fail(association, id, error);
      const payload = await this.#options.hosts.heard(association.identity, said);
      association.send({ type: "certificates_ack", request_id: id, payload });
    });
  }

  #line(association: Association<AgentIdentity>): AgentLine {
    const known = this.#lines.get(association);
    if (known !== undefined) return known;
    const { clusterUuid } = association.identity;
    let cluster = this.#clusters.get(clusterUuid);
    if (cluster === undefined) {
      const onEmpty = (): void => void this.#clusters.delete(clusterUuid);
      this.#clusters.set(
        clusterUuid,
        (cluster = new ClusterLines(this.#options.mostLength, onEmpty)),
      );
    }
    const line = cluster.add();
    this.#lines.set(association, line);
    return line;
  }

  #inOrder(
    association: Association<AgentIdentity>,
    what: string,
    length: number,
    act: () => Promise<void>,
  ): void {
    const line = this.#line(association);
    if (line.waiting >= MOST_WAITING)
      return association.end(new WireError("protocol_error", "says more than can be answered"));
    const failed = (reason: unknown): void => this.#options.onFailure(association, what, reason);
    line.push({ length, act: () => act().catch(failed) });
  }

  async #heartbeat(association: Association<AgentIdentity>, requestId?: string): Promise<void> {
    const { registry, timestamp } = this.#options;
    const { clusterUuid } = association.identity;
    const published = await registry.renew(clusterUuid);
    const revision = await registry.revision(clusterUuid);
    association.send({
      type: "heartbeat_ack",
      request_id: requestId,
      payload: { received_at: timestamp(), ...(revision !== undefined && { revision }) },
    });
    this.#options.onHeartbeat(association, published);
  }

  async #routes(
    association: Association<AgentIdentity>,
    line: AgentLine,
    said: Said,
  ): Promise<void> {
    const { head, requestId, body } = said;
    if (typeof body !== "string") line.named -= body.length;
    if (typeof body !== "string" && head.part === undefined)
      return this.#fail(association, requestId, new WireError(TOO_MUCH.code, TOO_MUCH.message));
    const whole = line.parts.join(head, body);
    line.keep(typeof whole === "string" ? 0 : lengthOf(whole.texts));
    if (whole === "more") return;
    if (whole === "broken") {
      const why = new WireError("bad_request", "the parts of a snapshot do not follow on");
      return this.#fail(association, requestId, why);
    }
    await line.inTurn(async () => {
      const read = await readRoutes(whole.texts, 2 * this.#options.mostRoutes);
      read.rejected.push(...whole.rejected);
      await this.#answer(association, requestId, { whole, read });
    });
  }

  #fail(
    association: Association<AgentIdentity>,
    requestId: string | undefined,
    { code, message, retry }: WireError,
  ): void {
    association.send({
      type: "error",
      request_id: requestId,
      payload: { code, message, ...(retry && { retry_after_ms: NO_ROOM_MS }) },
    });
  }

  async #answer(
    association: Association<AgentIdentity>,
    requestId: string | undefined,
    { whole, read }: { whole: Whole; read: ReadRoutes },
  ): Promise<void> {
    const verdict = (await this.#isLeftBehind(association, whole, read))
      ? { revision: whole.revision, accepted: 0, rejected: [], ports: {} }
      : await this.#apply(association.identity, whole, read);
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
    await this.#options.hosts.published(association.identity, acceptedOf(read, verdict));
  }

  /** An agent that goes takes its routes back; what others of its cluster serve stays. */
  async #isLeftBehind(
    association: Association<AgentIdentity>,
    { action }: Whole,
    { routes, rejected }: ReadRoutes,
  ): Promise<boolean> {
    const isEmpty = routes.length === 0 && rejected.length === 0;
    const withdraws = association.draining && action === "sync" && isEmpty;
    return withdraws && (await this.#options.hasFellows(association));
  }

  async #apply(
    identity: AgentIdentity,
    { action, complete, revision }: Whole,
    read: ReadRoutes,
  ): Promise<RouteVerdict> {
    const { endpoints, hosts, registry } = this.#options;
    const deletes = action === "delete";
    const { routes, rejected } = deletes
      ? read
      : await withoutRefusedEndpoints(read, endpoints, identity.directPorts);
    // Who takes routes away may have the others as before: a registry writes them again by what was said last.
    const admitted = await hosts.admit(identity, deletes ? [] : routes);
    const verdict = await registry.apply({
      clusterUuid: identity.clusterUuid,
      group: identity.group,
      tokenId: identity.tokenId,
      allowed: admitted.allowed,
      isBorrowed: admitted.isBorrowed,
      tcpAllowed: identity.tcpAllowed,
      // A snapshot that was not kept whole says nothing of what it leaves out.
      action: complete ? action : "add",
      revision,
      routes: deletes ? routes : admitted.routes,
    });
    const refused = admitted.refused.map(({ route, why }) => rejectionOf(route, why));
    return { ...verdict, rejected: [...rejected, ...refused, ...verdict.rejected] };
  }
}

function beatOf({ metadata }: Heartbeat): Beat {
  return { isPrivate: metadata.is_private, wanted: metadata.gateway_routes };
}

/** What is in force of a message's routes. */
function acceptedOf({ routes }: ReadRoutes, { rejected }: RouteVerdict): readonly Route[] {
  if (rejected.length === 0) return routes;
  const refused = new Set(rejected.map(({ host, path }) => `${host} ${path}`));
  return routes.filter(({ host, path }) => !refused.has(`${host} ${path}`));
}

/** A path may be longer than what an answer can say. */
function fitting({ host, path, code, message }: Rejection): Rejection {
  return { host, path: path.slice(0, WORD), code, message: message.slice(0, WORD) };
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}
