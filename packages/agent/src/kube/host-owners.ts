/** Who publishes what the operator wrote for the agent, and comes before every object. */
export const CONFIGURATION = "the agent's own configuration";

/** Who keeps a wildcard from an object: the operator, by this option. */
export const WILDCARDS = "--kube-wildcards";
const EVERYBODY: ReadonlySet<string> = new Set(["*"]);

/** What an object says about one host. */
export interface HostClaim {
  /** Whose it would be: the namespace of an Ingress; of a route its own and its Gateway's. */
  readonly namespaces: ReadonlySet<string>;
  /** Other namespaces that it lets in at this host; `*`: all. */
  readonly shared: ReadonlySet<string>;
}

/** The claim that a host is decided by. */
export interface Holder extends HostClaim {
  /** `namespace/name Ingress`, `namespace/name HTTPRoute`, or `CONFIGURATION`. */
  readonly object: string;
  /** Epoch milliseconds of the object's creation. */
  readonly age: number;
}

/** Hosts that are another's now, and the objects that claim them. */
export interface HostsMoved {
  readonly hosts: ReadonlySet<string>;
  readonly objects: ReadonlySet<string>;
}

/**
 * Whose a host is inside the cluster. The oldest object that names it holds it for its namespaces, by
 * creation, then by name, also while it is left out of what is published: who may write in one
 * namespace takes no path, no method, no certificate and no TLS of a host that is another's. Invariants:
 *
 * H1. The holder follows from what objects say alone: in whatever order they came, in every agent.
 * H2. A host is its pattern: `*.example.com` holds nothing of `a.example.com`, which is the more
 *     exact word, as everywhere in Kubernetes.
 * H3. A wildcard is held by objects of the namespaces alone that may have wildcards.
 */
export class HostOwners {
  readonly #byObject = new Map<string, ReadonlyMap<string, Holder>>();
  /** In order: the first holds it. */
  readonly #byHost = new Map<string, Holder[]>();
  readonly #listeners = new Set<(moved: HostsMoved) => void>();
  readonly #wildcards: ReadonlySet<string>;

  /** Namespaces that may have wildcards; `*`: all. */
  constructor(wildcards = EVERYBODY) {
    this.#wildcards = wildcards;
  }

  /** The object claims exactly these hosts from now on. */
  set(object: string, age: number, claims: ReadonlyMap<string, HostClaim>): void {
    const before = this.#byObject.get(object) ?? new Map<string, Holder>();
    const after = new Map<string, Holder>();
    const touched = new Map<string, Holder | undefined>();
    for (const [host, claim] of claims) {
      if (this.refuses(object, host)) continue;
      const was = before.get(host);
      const same = was !== undefined && was.age === age && isSame(was, claim);
      after.set(host, same ? was : { ...claim, object, age });
      if (!same) touched.set(host, this.#byHost.get(host)?.[0]);
    }
    for (const host of before.keys())
      if (!after.has(host)) touched.set(host, this.#byHost.get(host)?.[0]);
    for (const host of touched.keys()) this.#replace(host, before.get(host), after.get(host));
    if (after.size > 0) this.#byObject.set(object, after);
    else this.#byObject.delete(object);
    this.#tell(object, touched);
  }

  /** H3: the host is a wildcard, and none for the object's namespace. */
  refuses(object: string, host: string): boolean {
    if (!host.startsWith("*") || object === CONFIGURATION || this.#wildcards.has("*")) return false;
    return !this.#wildcards.has(object.slice(0, object.indexOf("/")));
  }

  /** Who has the host; undefined where no object names it. */
  holder(host: string): Holder | undefined {
    return this.#byHost.get(host)?.[0];
  }

  /** Who has the host, when that is somebody else than `namespaces` and does not let them in. */
  otherThan(namespaces: ReadonlySet<string>, host: string): Holder | undefined {
    const holder = this.holder(host);
    if (holder === undefined || admits(holder, namespaces)) return undefined;
    return holder;
  }

  /** Whether an object of these namespaces has a say at the host: it claims it, and nobody else has it. */
  mayServe(namespaces: ReadonlySet<string>, host: string): boolean {
    const claims = this.#byHost.get(host) ?? [];
    return (
      this.otherThan(namespaces, host) === undefined &&
      claims.some((claim) => !claim.namespaces.isDisjointFrom(namespaces))
    );
  }

  /** Hears of it when it is so. The returned function stops that. */
  onChange(heard: (moved: HostsMoved) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  #replace(host: string, before: Holder | undefined, after: Holder | undefined): void {
    const claims = this.#byHost.get(host) ?? [];
    if (before !== undefined) claims.splice(claims.indexOf(before), 1);
    if (after !== undefined) {
      const at = claims.findIndex((one) => comesBefore(after, one));
      claims.splice(at === -1 ? claims.length : at, 0, after);
    }
    if (claims.length === 0) this.#byHost.delete(host);
    else this.#byHost.set(host, claims);
  }

  /** Who asked knows already. */
  #tell(object: string, touched: ReadonlyMap<string, Holder | undefined>): void {
    const hosts = new Set<string>();
    const objects = new Set<string>();
    for (const [host, before] of touched) {
      const claims = this.#byHost.get(host) ?? [];
      if (claims[0] === before) continue;
      hosts.add(host);
      for (const claim of claims) if (claim.object !== object) objects.add(claim.object);
    }
    if (hosts.size > 0) for (const heard of this.#listeners) heard({ hosts, objects });
  }
}

function admits(holder: Holder, namespaces: ReadonlySet<string>): boolean {
  return (
    holder.shared.has("*") ||
    !holder.namespaces.isDisjointFrom(namespaces) ||
    !holder.shared.isDisjointFrom(namespaces)
  );
}

function isSame(one: HostClaim, other: HostClaim): boolean {
  return isSameSet(one.namespaces, other.namespaces) && isSameSet(one.shared, other.shared);
}

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && one.isSubsetOf(other);
}

function comesBefore(one: Holder, other: Holder): boolean {
  return one.age === other.age ? one.object < other.object : one.age < other.age;
}
