import { HOST_TAKEN, NO_CLAIM, NO_MORE_PORTS, NO_PORT } from "../admission.ts";
import type { PortRange, Refusal } from "../admission.ts";
import type { Quotas } from "../quotas.ts";
import { groupTag, KEYS } from "./keys.ts";
import type { RegistryLink } from "./registry-link.ts";
import { CLAIM, TAKE_PORT } from "./scripts.ts";

/** Owners of places that are asked for at once. */
const BATCH = 200;
/** A group that is full is counted anew at most this often: it may hold less than it is said to. */
const RECOUNT_MS = 60_000;
const MOST_COUNTED = 1_000;

export interface GroupClaimsOptions {
  link: RegistryLink;
  quotas: Pick<Quotas, "groupClaims" | "groupPorts">;
  writeMs: number;
  /** Monotonic milliseconds. */
  now: () => number;
}

/**
 * What claim groups hold in Redis: `warren:claims:{GROUP}` names its hosts, `warren:ports` every public
 * port with its group. A host is named before it is claimed, so that a gateway that dies in between
 * leaves one name too many; those are found when the group is full.
 */
export class GroupClaims {
  readonly #options: GroupClaimsOptions;
  /** When groups were counted last, and what they were said to hold that nobody owned then. */
  readonly #counted = new Map<string, { at: number; unowned: ReadonlySet<string> }>();

  constructor(options: GroupClaimsOptions) {
    this.#options = options;
  }

  /** Names hosts that the group is about to claim or has; why it may not, for those that it may not. */
  async name(group: string, hosts: readonly string[]): Promise<Map<string, Refusal>> {
    const refused = new Map<string, Refusal>();
    const full = await this.#name(group, hosts);
    if (full.length === 0) return refused;
    const owners = await this.#owners(hosts);
    const taken = hosts.filter((host) => ![undefined, group].includes(owners.get(host)));
    for (const host of taken) refused.set(host, HOST_TAKEN);
    await this.forget(group, taken);
    await this.#recount(group);
    const again = full.filter((host) => !refused.has(host));
    for (const host of await this.#name(group, again)) refused.set(host, NO_CLAIM);
    return refused;
  }

  /** The group does not hold these after all, or no longer. */
  async forget(group: string, hosts: readonly string[]): Promise<void> {
    if (hosts.length === 0) return;
    const key = KEYS.claims(group);
    await this.#options.link.command(key, ["SREM", key, ...hosts], this.#options.writeMs);
  }

  /** A public port for a route: the one wanted, the one that it had, or a free one. */
  async takePort(
    owner: string,
    group: string,
    wanted: number | undefined,
    range: PortRange,
  ): Promise<number | Refusal> {
    const { link, quotas, writeMs } = this.#options;
    const bounds = [String(range.from), String(range.to)];
    const limits = [groupTag(group), String(quotas.groupPorts)];
    const args = [owner, String(wanted ?? ""), ...bounds, ...limits];
    const said = (await link.run(TAKE_PORT, KEYS.ports, args, writeMs)) as string;
    if (said === "full") return NO_MORE_PORTS;
    return said === "" ? NO_PORT : Number(said);
  }

  async #name(group: string, hosts: readonly string[]): Promise<string[]> {
    if (hosts.length === 0) return [];
    const { link, quotas, writeMs } = this.#options;
    const args = [String(quotas.groupClaims), ...hosts];
    return (await link.run(CLAIM, KEYS.claims(group), args, writeMs)) as string[];
  }

  async #owners(hosts: readonly string[]): Promise<Map<string, string | undefined>> {
    const { link, writeMs } = this.#options;
    const owners = new Map<string, string | undefined>();
    for (let at = 0; at < hosts.length; at += BATCH) {
      const some = hosts.slice(at, at + BATCH).map(async (host) => {
        const key = KEYS.place(host);
        const owner = (await link.command(key, ["HGET", key, "g"], writeMs)) as string | null;
        owners.set(host, owner ?? undefined);
      });
      await Promise.all(some);
    }
    return owners;
  }

  /**
   * Forgets names of what the group does not hold. A name without an owner may be about to be claimed
   * by somebody: it goes when it had none the last time either.
   */
  async #recount(group: string): Promise<void> {
    const { link, now, writeMs } = this.#options;
    const last = this.#counted.get(group);
    if (last !== undefined && now() - last.at < RECOUNT_MS) return;
    if (this.#counted.size >= MOST_COUNTED) this.#counted.clear();
    const key = KEYS.claims(group);
    const named = (await link.command(key, ["SMEMBERS", key], writeMs)) as string[];
    const owners = await this.#owners(named);
    const unowned = new Set(named.filter((host) => owners.get(host) === undefined));
    this.#counted.set(group, { at: now(), unowned });
    await this.forget(
      group,
      named.filter((host) =>
        unowned.has(host) ? last?.unowned.has(host) : owners.get(host) !== group,
      ),
    );
  }
}
