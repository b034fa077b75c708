import { latin1Bytes } from "@warren/host";
import { KIND, WireError, type Endpoint, type Route } from "@warren/wire";
import type { Errand, Opened, RouteEntry } from "../ports.ts";
import type { Refusal } from "../registry/admission.ts";
import { wayTo } from "../tunnels/moved.ts";
import type { AddressHealth, Place } from "./address-health.ts";
import type { NoPin, Pin, Pins } from "./pins.ts";
import { streamPair } from "./stream-pair.ts";
import type { EndpointTarget, Upstreams } from "./upstreams.ts";

export interface DirectOptions {
  pins: Pins;
  health: AddressHealth;
  upstreams: Upstreams;
  connectTimeoutMs: number;
  /** Streams that one endpoint has at once. */
  mostStreams: number;
  onUnreachable: (endpoint: Endpoint, address: string, error: WireError) => void;
  broke: (reason: unknown) => void;
}

/** How an endpoint stands, for people. */
export interface EndpointStanding {
  endpoint: string;
  usable: boolean;
  addresses: readonly string[];
  problem: string | undefined;
}

/** Ports that every cluster may name. */
const USUAL_PORTS: readonly number[] = [80, 443];
/** RFC 8586: what comes back to us through an endpoint says so. */
const LOOP_WORD = "warren";
const LOOPED = /\bwarren\b/i;
const ASIDE = "nobody answered there; it is tried again in a while";

/** Requests to the public endpoints that clusters publish, beside their tunnels. */
export class Direct {
  readonly #options: DirectOptions;
  readonly #streams = new Map<string, number>();

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  /** Why a route is not taken as it is; resolves its endpoint's name, if need be. */
  async refusalOf(route: Route, ports: readonly number[]): Promise<Refusal | undefined> {
    const { endpoint, mode = "tunnel" } = route;
    if (endpoint === undefined || mode === "tunnel") return undefined;
    if (!USUAL_PORTS.includes(endpoint.port) && !ports.includes(endpoint.port))
      return refusal(`the token does not list port ${endpoint.port} (direct_ports)`);
    const pin = await this.#options.pins.pin(endpoint.host);
    if ("addresses" in pin || (pin.passing && mode === "both")) return undefined;
    return refusal(pin.problem);
  }

  /** A request could leave now. */
  isUsable(entry: RouteEntry): boolean {
    const { endpoint } = entry.route;
    if (endpoint === undefined) return false;
    if (this.#addressOf(entry, []) !== undefined) return true;
    // Published at another gateway: asked for, so that it is known when this is asked again.
    if (this.#options.pins.known(endpoint.host) === undefined)
      void this.#options.pins.pin(endpoint.host);
    return false;
  }

  /** Undefined when nobody answers there now. Throws `overloaded`. */
  open(errand: Errand, entry: RouteEntry): Opened | Promise<Opened | undefined> | undefined {
    const endpoint = entry.route.endpoint!;
    const refusedBy = errand.moved?.refusedBy ?? [];
    const address = this.#addressOf(entry, refusedBy);
    if (address !== undefined) return this.#openAt(errand, entry, address);
    if (this.#options.pins.known(endpoint.host) !== undefined) return undefined;
    // Published at another gateway: resolved and judged here as well, before the first request.
    return this.#options.pins.pin(endpoint.host).then(() => {
      const found = this.#addressOf(entry, refusedBy);
      return found === undefined ? undefined : this.#openAt(errand, entry, found);
    });
  }

  standing(entry: RouteEntry): EndpointStanding | undefined {
    const { endpoint } = entry.route;
    if (endpoint === undefined) return undefined;
    const pin = this.#options.pins.known(endpoint.host);
    const usable = this.#addressOf(entry, []) !== undefined;
    return {
      endpoint: textOf(endpoint),
      usable,
      addresses: pin !== undefined && "addresses" in pin ? pin.addresses : [],
      problem: problemOf(pin, usable),
    };
  }

  close(): void {
    this.#options.upstreams.close();
    this.#options.pins[Symbol.dispose]();
  }

  /** The first that is not aside, nor has refused this request already. */
  #addressOf(entry: RouteEntry, refusedBy: readonly string[]): string | undefined {
    const { host, port } = entry.route.endpoint!;
    const { pins, health } = this.#options;
    const pin = pins.known(host);
    if (pin === undefined || "problem" in pin) return undefined;
    const { clusterUuid } = entry;
    return pin.addresses.find(
      (address) =>
        !health.isAside({ clusterUuid, address, port }) &&
        !(refusedBy.length > 0 && refusedBy.includes(wayTo(agentOf(address), undefined))),
    );
  }

  #openAt(errand: Errand, entry: RouteEntry, address: string): Opened {
    // As it came: a route that strips the word would let itself go round for ever.
    if (LOOPED.test(errand.asked?.everyField("cdn-loop") ?? ""))
      throw new WireError("loop_detected", "the endpoint leads back to a gateway");
    const { protocol, policy } = entry.route;
    const { scheme, port } = entry.route.endpoint!;
    const near = this.#serve(errand, entry, {
      address,
      port,
      secure: scheme === "https",
      serverName: errand.asked?.host ?? "",
      http2: protocol === "h2" || protocol === "h2c",
      connectTimeoutMs: policy.connect_timeout_ms ?? this.#options.connectTimeoutMs,
    });
    return {
      stream: near,
      entry,
      clusterUuid: entry.clusterUuid,
      agentId: agentOf(address),
      viaGateway: undefined,
      isAway: undefined,
      setSticky: undefined,
    };
  }

  #serve(errand: Errand, entry: RouteEntry, target: EndpointTarget) {
    const { health, upstreams, broke } = this.#options;
    const { address, port } = target;
    const place = { clusterUuid: entry.clusterUuid, address, port };
    const done = this.#count(entry);
    let answered = false;
    const { near, far } = streamPair({
      owner: errand.owner,
      onHead: () => {
        if (!answered) health.answered(place);
        answered = true;
      },
      onReset: (error) => (answered ? error : this.#unanswered(errand, entry, { place, error })),
      onOver: done,
      broke,
    });
    const head = errand.head.replace("\r\n", `\r\ncdn-loop: ${LOOP_WORD}\r\n`);
    const upgrade = errand.kind === KIND.upgrade;
    try {
      const { ended } = errand;
      upstreams.serve({ stream: far, head: latin1Bytes(head), ended, upgrade }, target);
    } catch (reason) {
      broke(reason);
      far.reset(WireError.from(reason));
    }
    return near;
  }

  /** Nobody took the connection: what was not read may be sent elsewhere, where there is one. */
  #unanswered(
    { matched }: Errand,
    entry: RouteEntry,
    { place, error }: { place: Place; error: WireError },
  ): WireError {
    if (error.code !== "upstream_unreachable" && error.code !== "upstream_timeout") return error;
    // A certificate is the matter of one host; nobody at an address is the matter of all.
    if (isNobodyThere(error)) this.#options.health.failed(place);
    this.#options.onUnreachable(entry.route.endpoint!, place.address, error);
    const elsewhere =
      entry.route.mode === "both" || matched.entries.length > 1 || this.isUsable(entry);
    return elsewhere ? new WireError("refused", error.message, { cause: error }) : error;
  }

  /** Counts a stream; what is returned, called once, counts it off. */
  #count({ clusterUuid, route }: RouteEntry): () => void {
    const key = `${clusterUuid} ${textOf(route.endpoint!)}`;
    const now = this.#streams.get(key) ?? 0;
    if (now >= this.#options.mostStreams)
      throw new WireError("overloaded", "the endpoint has all the streams that it may have", {
        retryAfterMs: 1_000,
      });
    this.#streams.set(key, now + 1);
    return () => {
      const left = this.#streams.get(key)! - 1;
      if (left === 0) this.#streams.delete(key);
      else this.#streams.set(key, left);
    };
  }
}

/** What connects fail with where an address has no service. */
const NOBODY: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
]);

function isNobodyThere({ cause }: WireError): boolean {
  return cause instanceof Error && "code" in cause && NOBODY.has(cause.code);
}

/** What takes the agent's place in an errand's way. */
function agentOf(address: string): string {
  return `direct ${address}`;
}

function refusal(message: string): Refusal {
  return { code: "endpoint_not_allowed", message };
}

function textOf({ scheme, host, port }: Endpoint): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function problemOf(pin: Pin | NoPin | undefined, usable: boolean): string | undefined {
  if (usable) return undefined;
  if (pin === undefined) return "its name was not asked for yet";
  return "problem" in pin ? pin.problem : ASIDE;
}
