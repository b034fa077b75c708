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

/** The agent's own or its node's. An API server takes none of them, but inside of others. */
const OWN = /^(0|127)\.|^169\.254\.|^::1?$|^fe[89ab]/;
const SECRETS = "where a cloud tells its machines secrets";
/** Where clouds tell their machines who they are, beside 169.254.0.0/16: AWS, Google, Alibaba, Azure, Oracle. */
const METADATA = new Set([
  "fd00:ec2::254",
  "fd20:ce::254",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
]);
/** The same by name: of clouds, of this host, and of the Kubernetes API, however much of its domain is said. */
const NAMES = [
  {
    of: /^(metadata|metadata\.goog(le\.internal)?|instance-data(\.ec2\.internal|\..+\.compute\.internal)?)$/,
    leads: SECRETS,
  },
  { of: /^((.+\.)?localhost|ip6-(localhost|loopback))$/, leads: "a loopback address" },
  {
    of: /^kubernetes(\.default(\.svc(\..+)?)?)?$/,
    leads: "the Kubernetes API, which is never published",
  },
];
const API_OUTSIDE =
  "where the Kubernetes API is: write an EndpointSlice to say another port of that machine";
/** An address, in whichever form some resolver takes it (`127.1`, `0x7f.1`): names do not end so. */
const IN_DIGITS = /(^|\.)(\d+|0x[\da-f]*)$/;
/** Where each node answers for the cluster itself. Pods may have these ports, and so may nobody else. */
const OF_NODES: ReadonlyMap<number, string> = new Map([
  [2_379, "etcd's"],
  [2_380, "etcd's"],
  [10_250, "the kubelet's"],
  [10_255, "the kubelet's"],
  [10_257, "the controller manager's"],
  [10_259, "the scheduler's"],
]);
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
  /** Ports by address. */
  readonly #api: Map<string, Set<number>>;
  readonly #apiPorts: Set<number>;
  readonly #isHidden: boolean;
  /** Of one of a large Service's slices that changes the others are not read again. */
  readonly #read = new WeakMap<EndpointSlice, SliceRead>();

  constructor({ server, service, slices, isHidden, before }: ApiKnown) {
    this.#isHidden = isHidden;
    this.#api = new Map(before === undefined ? [] : before.#api);
    this.#apiPorts = new Set(before === undefined ? [] : before.#apiPorts);
    const own = Number(server.port) || (server.protocol === "https:" ? HTTPS : 80);
    this.#add(server.hostname.replace(/^\[|\]$/g, ""), own);
    const { clusterIP = "", clusterIPs = [clusterIP], ports = [] } = service?.spec ?? {};
    for (const address of clusterIPs) for (const { port } of ports) this.#add(address, port);
    for (const slice of slices)
      for (const port of portsOf(slice)) {
        if (port !== HTTPS) this.#apiPorts.add(port);
        for (const address of addressesOf(slice)) this.#add(address, port);
      }
  }

  #add(address: string, port: number): void {
    const host = reached(canonical(address));
    this.#api.set(host, new Set([...(this.#api.get(host) ?? []), port]));
  }

  /** What is wrong with where a Service leads, by its slices or its name: `leads to ...`. Undefined when nothing is. */
  why(service: Service | undefined, slices: Iterable<EndpointSlice>): string | undefined {
    const named = this.#whyNotNamed(service);
    if (named !== undefined) return named;
    for (const slice of slices) {
      const { always, byHand } = this.#reading(slice);
      const why = always ?? (isOfPods(service, slice) ? undefined : byHand);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  /** Of an ExternalName, whose port an Ingress says: the API's machines are refused whole. */
  #whyNotNamed(service: Service | undefined): string | undefined {
    const { type, externalName = "" } = service?.spec ?? {};
    if (type !== "ExternalName") return undefined;
    const name = externalName.toLowerCase().replace(/\.$/, "");
    const leads = this.#api.has(name) ? API_OUTSIDE : whyNotNamed(name);
    return leads === undefined ? undefined : `leads to ${externalName}, ${leads}`;
  }

  #reading(slice: EndpointSlice): SliceRead {
    const known = this.#read.get(slice);
    if (known !== undefined) return known;
    const read = { always: this.#whyNot(slice), byHand: this.#byHand(slice) };
    this.#read.set(slice, read);
    return read;
  }

  /** One look for each address: a slice may have twenty thousand of them, and as many ports. */
  #whyNot(slice: EndpointSlice): string | undefined {
    const ports = new Set(portsOf(slice));
    for (const address of addressesOf(slice)) {
      const host = reached(canonical(address));
      const own = ownOrMetadata(host);
      if (own !== undefined) return `leads to ${address}, ${own}`;
      const port = this.#api
        .get(host)
        ?.values()
        .find((one) => ports.has(one));
      if (port !== undefined)
        return `leads to the Kubernetes API (${address} port ${port}), which is never published`;
    }
    return undefined;
  }

  #byHand(slice: EndpointSlice): string | undefined {
    if (addressesOf(slice).next().done === true) return undefined;
    const { name } = slice.metadata;
    if (this.#isHidden)
      return `leads where EndpointSlice ${name} says, which nobody but the cluster's own controller should have written while the agent may not read EndpointSlice default/kubernetes: that may be the Kubernetes API`;
    for (const port of portsOf(slice)) {
      const whose = this.#apiPorts.has(port) ? "the Kubernetes API's" : OF_NODES.get(port);
      if (whose !== undefined)
        return `leads to port ${port} where EndpointSlice ${name} says, which is ${whose}: only pods may have it`;
    }
    return undefined;
  }
}

function ownOrMetadata(host: string): string | undefined {
  if (OWN.test(host)) return "a loopback or link-local address";
  return METADATA.has(host) ? SECRETS : undefined;
}

function whyNotNamed(name: string): string | undefined {
  if (!IN_DIGITS.test(name)) return NAMES.find(({ of }) => of.test(name))?.leads;
  if (isIP(name) !== 4) return "which is neither a name nor an address as it is written";
  return ownOrMetadata(name);
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

/** The IPv4 address inside of one of NAT64 (RFC 6052) or 6to4 (RFC 3056), which leads there; else the same. */
function reached(host: string): string {
  const [first = "", second] = host.split(":");
  const isNat64 = first === "64" && second === "ff9b";
  if (!isNat64 && first !== "2002") return host;
  const words = isNat64
    ? host.slice("64:ff9b:".length).split(":").slice(-2)
    : host.split(":").slice(1, 3);
  return words.flatMap(bytesOf).join(".");
}

function bytesOf(word: string): [number, number] {
  const value = parseInt(word || "0", 16);
  return [value >> 8, value & 255];
}

/** One text for an address, however it is written: zeros, upper case, IPv4 inside of IPv6. */
function canonical(address: string): string {
  if (!address.includes(":")) return address.replace(/(^|\.)0+(?=\d)/g, "$1");
  if (isIP(address) !== 6 || address.includes("%")) return address.toLowerCase();
  const text = new SocketAddress({ address, family: "ipv6" }).address;
  return text.startsWith("::ffff:") && text.includes(".") ? text.slice("::ffff:".length) : text;
}
