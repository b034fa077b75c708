import { HOST_TAKEN, NO_CLAIM, NO_MORE_PORTS, NO_PORT } from "../admission.ts";
import type { PortRange, Refusal } from "../admission.ts";
import { GroupSpare, type GroupSpareOptions } from "./group-spare.ts";
import { groupTag, KEYS } from "./keys.ts";
import { CLAIM, TAKE_PORT } from "./scripts.ts";

/** Owners of places that are asked for at once. */
const BATCH = 200;
/** Room that was made may be another's by the time that it is asked for. */
const MOST_TRIES = 3;

/**
 * What claim groups hold in Redis: `warren:claims:{GROUP}` names its hosts, `warren:ports` every public
 * port with its group. A host is named before it is claimed, so that a gateway that dies in between
 * leaves one name too many; those are found when the group is full.
 */
export class GroupClaims {
  readonly spare: GroupSpare;
  readonly #options: GroupSpareOptions;

  constructor(options: GroupSpareOptions) {
    this.#options = options;
    this.spare = new GroupSpare(options);
  }

  /** Names hosts that the group is about to claim or has; why it may not, for those that it may not. */
  async name(group: string, hosts: readonly string[]): Promise<Map<string, Refusal>> {
    const { quotas } = this.#options;
    const refused = new Map<string, Refusal>();
    let full = await this.#name(group, hosts, quotas.groupClaims);
    if (full.length === 0) return refused;
    const owners = await this.#owners(hosts);
    const taken = hosts.filter((host) => ![undefined, group].includes(owners.get(host)));
    for (const host of taken) refused.set(host, HOST_TAKEN);
    await this.spare.forget(group, taken);
    // A name may be lost; what the group holds is its own nevertheless.
    const had = full.filter((host) => owners.get(host) === group);
    await this.#name(group, had, Infinity);
    const fresh = full.filter((host) => owners.get(host) === undefined);
    full = await this.#name(group, fresh, quotas.groupClaims);
    for (let tries = 0; tries < MOST_TRIES && full.length > 0; tries += 1) {
      await this.spare.freeHosts(group, full.length + (await this.#over(group)));
      full = await this.#name(group, full, quotas.groupClaims);
    }
    for (const host of full) refused.set(host, NO_CLAIM);
    return refused;
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
    for (;;) {
      const said = (await link.run(TAKE_PORT, KEYS.ports, args, writeMs)) as string;
      if (said !== "full") return said === "" ? NO_PORT : Number(said);
      if (!(await this.spare.freePort(group))) return NO_MORE_PORTS;
    }
  }

  /** Those for which there is no room. */
  async #name(group: string, hosts: readonly string[], most: number): Promise<string[]> {
    if (hosts.length === 0) return [];
    const { link, writeMs } = this.#options;
    const args = [String(Math.min(most, Number.MAX_SAFE_INTEGER)), ...hosts];
    const keys = [KEYS.claims(group), KEYS.unused(group)] as const;
    return (await link.run(CLAIM, keys, args, writeMs)) as string[];
  }

  /** How many hosts the group holds beyond a quota that was lowered. */
  async #over(group: string): Promise<number> {
    const { link, quotas, writeMs } = this.#options;
    const key = KEYS.claims(group);
    const count = (await link.command(key, ["SCARD", key], writeMs)) as number;
    return Math.max(0, count - quotas.groupClaims);
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
}
