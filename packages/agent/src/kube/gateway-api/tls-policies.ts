import { isNews } from "../news.ts";
import { ReverseIndex } from "../reverse-index.ts";
import type { BackendTlsPolicy } from "./objects.ts";
import { servicesOfPolicy } from "./references.ts";

/** BackendTLSPolicies, and by which Gateways of ours routes lead to the Services that they are about. */
export class TlsPolicies {
  readonly #policies = new Map<string, BackendTlsPolicy>();
  /** Services by the policies that are about them. */
  readonly #about = new ReverseIndex();
  /** `service gateway`, both as `namespace/name`, by the routes that lead from one to the other. */
  readonly #ways = new ReverseIndex();
  /** The Gateways at the other end, by Service. */
  readonly #gateways = new Map<string, Set<string>>();
  #told = new Set<string>();

  /** Returns the Services that one more policy is about, or one less. */
  put(key: string, value: BackendTlsPolicy | undefined): string[] {
    const before = this.#policies.get(key);
    const services = value === undefined ? [] : servicesOfPolicy(value);
    if (value === undefined) this.#policies.delete(key);
    else this.#policies.set(key, value);
    this.#told.add(key);
    if (!isNews(before, value)) return [];
    this.#about.set(key, services);
    return [...services, ...(before === undefined ? [] : servicesOfPolicy(before))];
  }

  get(key: string): BackendTlsPolicy | undefined {
    return this.#policies.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#policies.keys();
  }

  isAbout(service: string): boolean {
    return this.#about.of(service).size > 0;
  }

  /** A route leads from these Gateways to these Services, and to no others that a policy is about. */
  setWays(route: string, gateways: Iterable<string>, services: ReadonlySet<string>): void {
    const ways =
      services.size === 0
        ? []
        : [...new Set(gateways)].flatMap((gateway) =>
            [...services].map((service) => `${service} ${gateway}`),
          );
    for (const way of this.#ways.set(route, ways)) this.#move(way);
  }

  /** Gateways of ours by which the policy matters. */
  gatewaysOf(key: string): Set<string> {
    const policy = this.#policies.get(key);
    const services = policy === undefined ? [] : servicesOfPolicy(policy);
    return new Set(services.flatMap((service) => [...(this.#gateways.get(service) ?? [])]));
  }

  /** Policies whose status may be another since it was asked last. */
  take(): Set<string> {
    const told = this.#told;
    this.#told = new Set();
    return told;
  }

  /** It is the first route that leads this way, or was the last. */
  #move(way: string): void {
    const [service, gateway] = way.split(" ") as [string, string];
    const gateways = this.#gateways.get(service) ?? new Set();
    if (this.#ways.of(way).size > 0) gateways.add(gateway);
    else gateways.delete(gateway);
    if (gateways.size === 0) this.#gateways.delete(service);
    else this.#gateways.set(service, gateways);
    for (const policy of this.#about.of(service)) this.#told.add(policy);
  }
}
