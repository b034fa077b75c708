import { readFile } from "node:fs/promises";
import { wait, type Clock } from "@warren/host";
import type { Lease, Leases, Records } from "../records/records.ts";
import type { AcmeConfig } from "./acme-config.ts";
import type { AcmeEvents } from "./acme-events.ts";
import type { Account } from "./acme-records.ts";
import { CaClient, type CaOptions } from "./ca-client.ts";
import { CaProblem } from "./ca-problem.ts";

export interface CaAccountOptions {
  config: AcmeConfig;
  account: Records<Account>;
  leases: Leases;
  events: AcmeEvents;
  clock: Clock;
  wallClock: () => number;
  signal: AbortSignal;
}

const ID = "account";
const LEASE = "acme account";
const FOR_EVER_MS = 10 * 365 * 86_400_000;
/** The account is registered by one gateway, the others wait for it. */
const WAIT_MS = 1_000;
const TRIES = 30;

/** The fleet's account at the CA. */
export class CaAccount {
  readonly #options: CaAccountOptions;
  #ca: Promise<CaClient> | undefined;
  #opened: CaClient | undefined;

  constructor(options: CaAccountOptions) {
    this.#options = options;
  }

  /** The CA, with the account. Rejects with a CaProblem. */
  open(): Promise<CaClient> {
    this.#ca ??= this.#open().then(
      (ca) => (this.#opened = ca),
      (reason: unknown) => {
        this.#ca = undefined;
        throw reason;
      },
    );
    return this.#ca;
  }

  /**
   * The CA does not know the account that `ca` speaks for: it is registered again, with the key that
   * there is. Of several orders that hear so, here or at other gateways, the first one counts.
   */
  async forget(ca: CaClient): Promise<void> {
    if (this.#opened !== ca) return;
    this.#opened = undefined;
    try {
      await this.#forgetUrl(ca.accountUrl);
    } finally {
      // Not before: who opens meanwhile would read that URL again.
      this.#ca = undefined;
      ca.close();
    }
  }

  async close(): Promise<void> {
    (await this.#ca?.catch(() => undefined))?.close();
  }

  async #open(): Promise<CaClient> {
    const { config, clock, wallClock, signal, events } = this.#options;
    const authority =
      config.caFile === undefined ? undefined : await readFile(config.caFile, "utf8");
    const options = { directory: config.directory, authority, clock, wallClock, signal };
    const known = await this.#known();
    if (known?.url !== undefined) return CaClient.open(options, { key: known.key, url: known.url });
    for (let tries = 0; tries < TRIES; tries++) {
      const lease = await this.#options.leases.take(LEASE);
      if (lease !== undefined) {
        try {
          return await this.#register(options, lease);
        } finally {
          await lease.release();
        }
      }
      await wait(clock, WAIT_MS, signal);
      const made = await this.#known();
      if (made?.url !== undefined) return CaClient.open(options, { key: made.key, url: made.url });
    }
    events.stuck("account", undefined);
    throw new CaProblem("lease", "another gateway registers the account", {
      retryAfterMs: undefined,
    });
  }

  async #forgetUrl(url: string | undefined): Promise<void> {
    const { account, leases, wallClock } = this.#options;
    const lease = await leases.take(LEASE);
    if (lease === undefined) return; // whoever has it registers the account now
    try {
      const known = await this.#known();
      if (known?.url === undefined || known.url !== url) return;
      const untilMs = wallClock() + FOR_EVER_MS;
      await account.put(ID, { ...known, url: undefined }, { fence: undefined, untilMs });
    } finally {
      await lease.release();
    }
  }

  async #known(): Promise<Account | undefined> {
    return (await this.#options.account.read(ID))?.value;
  }

  /** The key is kept before the CA hears of it: a gateway that dies in between loses no account. */
  async #register(options: CaOptions, lease: Lease): Promise<CaClient> {
    const { account, config, events, wallClock } = this.#options;
    const known = await this.#known();
    const key = known?.key ?? (await CaClient.newKey());
    const untilMs = wallClock() + FOR_EVER_MS;
    if (known === undefined) await account.put(ID, { key }, { fence: undefined, untilMs });
    const ca = await CaClient.open(options, { key, url: known?.url });
    const url = await ca.register(config.email);
    await lease.renew();
    await account.put(ID, { ...known, key, url }, { fence: undefined, untilMs });
    events.registered(config.directory);
    return ca;
  }
}
