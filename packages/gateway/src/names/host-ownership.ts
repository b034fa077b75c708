import { covers, keepsAllOut, patternsOver, type Route } from "@warren/wire";
import type { Refusal } from "../registry/admission.ts";
import type { AgentIdentity } from "../tunnels/identity.ts";
import type { ClusterNames } from "./cluster-names.ts";
import type { DomainProofs } from "./domain-proofs.ts";

type Owner = Pick<AgentIdentity, "clusterUuid" | "group" | "hosts" | "names">;

/** Which of a message's routes may be published, and the host patterns that say so. */
export interface Admitted {
  routes: readonly Route[];
  refused: { route: Route; why: Refusal }[];
  allowed: readonly string[];
  /** Hosts that may be shut, and no more: a wildcard above is proved. */
  isBorrowed: (host: string) => boolean;
}

/** Whether a host is a cluster's: by its names here, by its token, or by a record in DNS. */
export class HostOwnership {
  readonly #names: ClusterNames | undefined;
  readonly #proofs: DomainProofs | undefined;

  /** Undefined: clusters have no names here; hosts are proved by tokens alone. */
  constructor(names: ClusterNames | undefined, proofs: DomainProofs | undefined) {
    this.#names = names;
    this.#proofs = proofs;
  }

  /** Undefined when the cluster may have the host. */
  async refusalOf(
    owner: Owner,
    host: string,
    proven: ReadonlySet<string> = NONE,
  ): Promise<Refusal | undefined> {
    const named = await this.#byName(owner, host);
    if (named !== undefined) return named === "own" ? undefined : named;
    if (covers(owner.hosts, host)) return undefined;
    if (proven.size > 0 && patternsOver(host).some((one) => proven.has(one))) return undefined;
    return this.#proofs === undefined ? NOT_COVERED : this.#proofs.check(owner, host);
  }

  async admit(owner: Owner, routes: readonly Route[]): Promise<Admitted> {
    const named = routes.filter(({ kind }) => kind !== "tcp");
    const hosts = new Set(named.map(({ host }) => host));
    const open = new Set(
      named.filter(({ policy }) => !keepsAllOut(policy)).map(({ host }) => host),
    );
    const refusals = new Map<string, Refusal>();
    const judge = async (some: ReadonlySet<string>, proven: ReadonlySet<string>): Promise<void> => {
      const judgeOne = async (host: string): Promise<void> => {
        const why = await this.refusalOf(owner, host, proven);
        if (why !== undefined) refusals.set(host, why);
      };
      // Those that the token covers wait for nobody.
      await Promise.all([...some].map(judgeOne));
    };
    await judge(open, NONE);
    // Below a wildcard that is proved a host may be shut, which else the wildcard would serve.
    await judge(hosts.difference(open), new Set(this.#proofs?.proven(owner)));
    const refused = routes.flatMap((route) => {
      const why = route.kind === "tcp" ? undefined : refusals.get(route.host);
      return why === undefined ? [] : [{ route, why }];
    });
    const isRefused = new Set(refused.map(({ route }) => route));
    const own = [...owner.hosts, ...(owner.names ?? []).flatMap((name) => [name, `*.${name}`])];
    const proven = new Set(this.#proofs?.proven(owner));
    const isBorrowed = (host: string): boolean => {
      const over = patternsOver(host);
      return over.some((one) => proven.has(one)) && !proven.has(host) && !covers(own, host);
    };
    const rest = refused.length === 0 ? routes : routes.filter((one) => !isRefused.has(one));
    return { routes: rest, refused, allowed: [...own, ...proven], isBorrowed };
  }

  async #byName(owner: Owner, host: string): Promise<Refusal | "own" | undefined> {
    const names = this.#names;
    const domain = await names?.domainOf(host);
    if (names === undefined || domain === undefined) return undefined;
    // A name may be another gateway's domain: what is below that is whose name it is there.
    const own = (owner.names ?? []).filter((name) => name.endsWith(`.${domain}`));
    if (own.some((name) => covers([name, `*.${name}`], host))) return "own";
    const other = await names.ownerOf(host).catch(() => undefined);
    if (other === undefined || other === owner.clusterUuid) return undefined;
    const message = `it is a name of cluster ${other}`;
    return { code: "host_not_allowed", message };
  }
}

const NONE: ReadonlySet<string> = new Set();
const NOT_COVERED: Refusal = {
  code: "host_not_allowed",
  message: "the token does not cover this host",
};
