import { isIP, SocketAddress } from "node:net";
import type { EndpointSlice, Service } from "./objects.ts";

/** What is known of where the Kubernetes API answers. */
export interface ApiKnown {
  /** Where this agent reaches it. */
  readonly server: URL;
  /** Service `default/kubernetes`, and its slices, as far as they may be read. */
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[];
  /** True where its slices may not be read. */
  readonly isHidden: boolean;
  /** What was known before: where it has been once, it may still be, whatever its slices say now. */
  readonly before: ForbiddenPlaces | undefined;
}

/** What is wrong with where a slice leads: whoever wrote it, or where somebody did. */
interface SliceRead {
  readonly always: string | undefined;
  readonly byHand: string | undefined;
}

/** TLS of all kinds is there: it tells nobody apart. */
const HTTPS = 443;
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const CONTROLLER = "endpointslice-controller.k8s.io";

/**
 * Where no Service may lead, whoever writes its slices: whatever dials it, the agent or kube-proxy behind
 * a cluster address, would be there with the cluster's own address (docs/decisions/0431). A node answers
 * for the API at each of its addresses, so that slices which somebody wrote may not name its port at all.
 */
export class ForbiddenPlaces {
  /** `address port`. */
  readonly #api: Set<string>;
  readonly #apiPorts: Set<number>;
  readonly #isHidden: boolean;
  /** Of one of a large Service's slices that changes the others are not read again. */
  readonly #read = new WeakMap<EndpointSlice, SliceRead>();

  constructor({ server, service, slices, isHidden, before }: ApiKnown) {
    this.#isHidden = isHidden;
    this.#api = new Set(before === undefined ? [] : before.#api);
    this.#apiPorts = new Set(before === undefined ? [] : before.#apiPorts);
    const own = Number(server.port) || (server.protocol === "https:" ? HTTPS : 80);
    this.#api.add(`${canonical(server.hostname.replace(/^\[|\]$/g, ""))} ${own}`);
    const { clusterIP = "", clusterIPs = [clusterIP], ports = [] } = service?.spec ?? {};
    for (const address of clusterIPs)
      for (const { port } of ports) this.#api.add(`${canonical(address)} ${port}`);
    for (const slice of slices)
      for (const port of portsOf(slice)) {
        if (port !== HTTPS) this.#apiPorts.add(port);
        for (const address of addressesOf(slice)) this.#api.add(`${canonical(address)} ${port}`);
      }
  }

  /** What is wrong with where the slices of a Service lead: `leads to ...`. Undefined when nothing is. */
  why(service: Service | undefined, slices: Iterable<EndpointSlice>): string | undefined {
    for (const slice of slices) {
      const { always, byHand } = this.#reading(slice);
      const why = always ?? (isOfPods(service, slice) ? undefined : byHand);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  #reading(slice: EndpointSlice): SliceRead {
    const known = this.#read.get(slice);
    if (known !== undefined) return known;
    const read = { always: this.#whyNot(slice), byHand: this.#byHand(slice) };
    this.#read.set(slice, read);
    return read;
  }

  #whyNot(slice: EndpointSlice): string | undefined {
    const ports = portsOf(slice);
    for (const address of addressesOf(slice)) {
      const host = canonical(address);
      if (isOwn(host)) return `leads to ${address}, a loopback or link-local address`;
      for (const port of ports)
        if (this.#api.has(`${host} ${port}`))
          return `leads to the Kubernetes API (${address} port ${port}), which is never published`;
    }
    return undefined;
  }

  #byHand(slice: EndpointSlice): string | undefined {
    if (addressesOf(slice).next().done === true) return undefined;
    const { name } = slice.metadata;
    if (this.#isHidden)
      return `leads where EndpointSlice ${name} says, which nobody but the cluster's own controller should have written while the agent may not read EndpointSlice default/kubernetes: that may be the Kubernetes API`;
    const port = portsOf(slice).find((one) => this.#apiPorts.has(one));
    if (port === undefined) return undefined;
    return `leads to port ${port} where EndpointSlice ${name} says, which is the Kubernetes API's: only pods may have it`;
  }
}

/** The cluster's own controller has made it of the Service's pods, and mends what somebody changes. */
function isOfPods(service: Service | undefined, { metadata }: EndpointSlice): boolean {
  const isSelected = Object.keys(service?.spec?.selector ?? {}).length > 0;
  return isSelected && metadata.labels?.[MANAGED_BY] === CONTROLLER;
}

function* addressesOf({ addressType, endpoints }: EndpointSlice): Generator<string, undefined> {
  if (addressType === "FQDN") return;
  for (const { addresses } of endpoints ?? []) yield* addresses;
}

function portsOf({ ports }: EndpointSlice): number[] {
  return (ports ?? []).flatMap(({ port }) => port ?? []);
}

/** The agent's own or its node's, or that of a cloud's metadata. An API server takes none of them. */
function isOwn(host: string): boolean {
  return /^(0|127)\.|^169\.254\.|^::1?$|^fe[89ab]/.test(host);
}

/** One text for an address, however it is written: zeros, upper case, IPv4 inside of IPv6. */
function canonical(address: string): string {
  if (!address.includes(":")) return address.replace(/(^|\.)0+(?=\d)/g, "$1");
  if (isIP(address) !== 6 || address.includes("%")) return address.toLowerCase();
  const text = new SocketAddress({ address, family: "ipv6" }).address;
  return text.startsWith("::ffff:") && text.includes(".") ? text.slice("::ffff:".length) : text;
}
