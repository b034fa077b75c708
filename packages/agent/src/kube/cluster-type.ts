import { isPublicAddress, type Clock } from "@warren/host";
import type { PublicEndpoint } from "./cluster-view.ts";
import type { Service } from "./objects.ts";
import { addressesOf, endpointAt, publicIp } from "./public-endpoint.ts";

/** Whether the internet reaches this cluster without a tunnel, and why that is thought. */
export type ClusterType =
  | { readonly isPrivate: false; readonly endpoint: PublicEndpoint; readonly why: "public address" }
  | { readonly isPrivate: true; readonly endpoint: undefined; readonly why: WhyPrivate };
export type WhyPrivate =
  | "undecided"
  | "no ingress controller"
  | "no right to look for ingress controllers"
  | "no load balancer"
  | "no address yet"
  | "no address in time"
  | "private address";

/** A load balancer that has no address for so long is taken for one that gets none (G-112). */
export const PATIENCE_MS = 120_000;
/** Names are looked up again: their addresses move without any object changing. */
const LOOK_UP_MS = 60_000;
/** After a look-up that failed, or before the cloud has written the name into the DNS. */
const LOOK_UP_AGAIN_MS = 10_000;

export interface ClusterTypeOptions {
  clock: Clock;
  /** All addresses of a name; rejects when that is not known. */
  resolve: (name: string) => Promise<readonly string[]>;
  onChange: (type: ClusterType) => void;
}

const privately = (why: WhyPrivate): ClusterType =>
  Object.freeze({ isPrivate: true, endpoint: undefined, why });

/**
 * The one place that decides whether a cluster is private or public, by the Service of its ingress
 * controller (`seeds/` 004 §1, reference G-110 to G-114). It never waits: it is shown the Service
 * whenever that changes, and is private until there is reason to think otherwise.
 */
export class ClusterTypeDetector {
  readonly #options: ClusterTypeOptions;
  #type: ClusterType = privately("undecided");
  #service: Service | undefined;
  /** Names whose look-up counts now; a change makes older answers void. */
  #lookUp = 0;
  #cancelPatience: (() => void) | undefined;
  #cancelLookUp: (() => void) | undefined;

  constructor(options: ClusterTypeOptions) {
    this.#options = options;
  }

  get type(): ClusterType {
    return this.#type;
  }

  /**
   * The controller's Service as it is now; undefined when the cluster has none, as far as it was looked
   * for: everywhere, or not where it usually is.
   */
  look(service: Service | undefined, where: "everywhere" | "in part" = "everywhere"): void {
    if (service !== undefined && service === this.#service) return;
    this.#service = service;
    this.#cancelLookUp?.();
    this.#lookUp++;
    const addresses = service && addressesOf(service);
    if (service === undefined)
      return this.#decide(
        where === "everywhere"
          ? "no ingress controller"
          : "no right to look for ingress controllers",
      );
    if (addresses === undefined) return this.#decide("no load balancer");
    const ip = publicIp(addresses);
    if (ip !== undefined) return this.#public(service, ip);
    if (addresses.names.length > 0) return void this.#resolve(service, addresses.names);
    if (addresses.ips.length > 0) return this.#decide("private address");
    this.#waitForAddress();
  }

  close(): void {
    this.#lookUp++;
    this.#cancelPatience?.();
    this.#cancelLookUp?.();
  }

  #waitForAddress(): void {
    if (this.#type.why === "no address in time" || this.#cancelPatience !== undefined) return;
    this.#set(privately("no address yet"));
    this.#cancelPatience = this.#options.clock.after(PATIENCE_MS, () => {
      this.#cancelPatience = undefined;
      this.#set(privately("no address in time"));
    });
  }

  /** What was found by an earlier look-up stays in force until the answer is here. */
  async #resolve(service: Service, names: readonly string[]): Promise<void> {
    const mine = ++this.#lookUp;
    const { isKnown, name } = await this.#publicName(names);
    if (mine !== this.#lookUp) return;
    if (name !== undefined) this.#public(service, name);
    else if (isKnown) this.#decide("private address");
    else if (this.#type.isPrivate) this.#waitForAddress();
    const again = isKnown ? LOOK_UP_MS : LOOK_UP_AGAIN_MS;
    this.#cancelLookUp = this.#options.clock.after(again, () => void this.#resolve(service, names));
  }

  /** The first name with a public address; `isKnown` is false when some other may still have one. */
  async #publicName(names: readonly string[]): Promise<{ isKnown: boolean; name?: string }> {
    let isKnown = true;
    for (const name of names) {
      try {
        const addresses = await this.#options.resolve(name);
        if (addresses.some((address) => isPublicAddress(address))) return { isKnown: true, name };
        isKnown &&= addresses.length > 0;
      } catch {
        isKnown = false; // not in the DNS yet, or no DNS: neither says anything of the cluster
      }
    }
    return { isKnown };
  }

  #public(service: Service, host: string): void {
    const endpoint = endpointAt(service, host);
    if (endpoint === undefined) return this.#decide("no load balancer");
    this.#stopWaiting();
    this.#set({ isPrivate: false, endpoint, why: "public address" });
  }

  #decide(why: WhyPrivate): void {
    this.#stopWaiting();
    this.#set(privately(why));
  }

  #stopWaiting(): void {
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
  }

  #set(type: ClusterType): void {
    if (JSON.stringify(type) === JSON.stringify(this.#type)) return;
    this.#type = type;
    this.#options.onChange(type);
  }
}
