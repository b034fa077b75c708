import { isIP } from "node:net";
import { CidrList, isPublicAddress } from "@warren/host";
import type { Clock } from "@warren/tunnel";
import type { ResolveName } from "./names.ts";

/** Where an endpoint was found to be. */
export interface Pin {
  readonly addresses: readonly string[];
}

/** Why an endpoint is not dialled. */
export interface NoPin {
  /** For the agent and its log: names no address that the gateway's resolver alone may know. */
  readonly problem: string;
  /** It may be otherwise in a moment: the name was not resolved. */
  readonly passing: boolean;
}

export interface PinsOptions {
  resolve: ResolveName;
  /** Networks that may be dialled although the internet does not reach them. */
  allow: CidrList;
  /** True for an address, or a name, that leads to gateways: an endpoint there is a loop. */
  isOwn: (place: string) => boolean;
  clock: Clock;
  /** A name that was pinned now answers with what is not dialled; the pin stays. */
  onRebound: (host: string) => void;
}

/** A pinned name is asked for again this often, as long as somebody wants it. */
const REFRESH_MS = 60_000;
/** Published routes are said again every 4 minutes: nobody wants a name for longer than that. */
const WANTED_MS = 600_000;
/** A name that led nowhere is not asked for again by every request. */
const FAILED_MS = 5_000;
const MOST_NAMES = 10_000;
const MOST_ADDRESSES = 16;
const ASKED_AT_ONCE = 32;

const NOT_PUBLIC: NoPin = {
  problem: "the endpoint's address is not public (loopback, private, link-local or the like)",
  passing: false,
};
const OWN: NoPin = { problem: "the endpoint is this gateway itself", passing: false };
const NO_NAME: NoPin = { problem: "the endpoint's host is no name of DNS", passing: false };
const UNKNOWN: NoPin = { problem: "the endpoint's name is not resolved", passing: true };
const TOO_MANY: NoPin = { problem: "this gateway knows all the endpoints it may", passing: true };

/** Nobody has these (RFC 5737, RFC 3849, RFC 9637, RFC 7526): whoever answers there is local. */
const NOBODYS = new CidrList([
  "192.0.2.0/24",
  "192.88.99.0/24",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "2001:db8::/32",
  "3fff::/20",
]);

interface Known {
  result: Pin | NoPin;
  wantedAt: number;
  askedAt: number;
}

/**
 * The addresses of endpoints. A name is resolved once, judged, and from then on dialled at these
 * addresses only, so that no later answer leads a connection elsewhere (DNS rebinding). It is asked
 * for again in the background: an answer of public addresses replaces the pin; one with any other
 * address in it is refused whole, and the pin stays; so it does while nobody answers.
 */
export class Pins implements Disposable {
  readonly #options: PinsOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Pin | NoPin>>();
  #forget: () => void;
  #closed = false;

  constructor(options: PinsOptions) {
    this.#options = options;
    this.#forget = options.clock.after(REFRESH_MS, this.#refresh);
  }

  /** What is known now; undefined for a host that nobody asked for, or whose last try is long ago. */
  known(host: string): Pin | NoPin | undefined {
    const literal = this.#ofLiteral(host);
    if (literal !== undefined) return literal;
    if (this.#options.isOwn(host)) return OWN;
    const known = this.#known.get(host);
    if (known === undefined) return undefined;
    const now = this.#options.clock.now();
    known.wantedAt = now;
    const stale = "problem" in known.result && now - known.askedAt > FAILED_MS;
    return stale ? undefined : known.result;
  }

  /** The same, after resolving what is not known. Never rejects. */
  pin(host: string): Promise<Pin | NoPin> {
    const known = this.known(host);
    if (known !== undefined) return Promise.resolve(known);
    let asking = this.#asking.get(host);
    if (asking === undefined) {
      if (this.#known.size + this.#asking.size >= MOST_NAMES) return Promise.resolve(TOO_MANY);
      asking = this.#ask(host).finally(() => this.#asking.delete(host));
      this.#asking.set(host, asking);
    }
    return asking;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#forget();
  }

  async #ask(host: string): Promise<Pin | NoPin> {
    const result = await this.#resolve(host);
    const now = this.#options.clock.now();
    this.#known.set(host, { result, wantedAt: now, askedAt: now });
    return result;
  }

  async #resolve(host: string): Promise<Pin | NoPin> {
    try {
      const addresses = await this.#options.resolve(host);
      return this.#judged(addresses.slice(0, MOST_ADDRESSES));
    } catch {
      return UNKNOWN;
    }
  }

  /** One address that is not dialled is enough: which one a connection would get is chance. */
  #judged(addresses: readonly string[]): Pin | NoPin {
    if (addresses.length === 0) return UNKNOWN;
    const { allow, isOwn } = this.#options;
    const others = addresses.filter((address) => !allow.has(address));
    if (others.some((address) => !isPublicAddress(address) || NOBODYS.has(address)))
      return NOT_PUBLIC;
    return others.some(isOwn) ? OWN : { addresses };
  }

  /** `2130706433`, `0x7f.1`: a name that ends in a number is an address to some (WHATWG URL). */
  #ofLiteral(host: string): Pin | NoPin | undefined {
    if (isIP(host) !== 0) return this.#judged([host]);
    const last = host.replace(/\.$/, "").split(".").at(-1)!;
    return /^(\d+|0x[0-9a-f]*)$/i.test(last) || host.includes(":") ? NO_NAME : undefined;
  }

  readonly #refresh = (): void => void this.#refreshAll();

  async #refreshAll(): Promise<void> {
    const { clock } = this.#options;
    const since = clock.now() - WANTED_MS;
    let asked: Promise<void>[] = [];
    for (const [host, known] of this.#known) {
      if (known.wantedAt < since) this.#known.delete(host);
      else if (asked.push(this.#again(host, known)) === ASKED_AT_ONCE) {
        await Promise.all(asked);
        asked = [];
      }
    }
    await Promise.all(asked);
    if (!this.#closed) this.#forget = clock.after(REFRESH_MS, this.#refresh);
  }

  async #again(host: string, known: Known): Promise<void> {
    const result = await this.#resolve(host);
    known.askedAt = this.#options.clock.now();
    const had = "addresses" in known.result;
    if ("addresses" in result || !had) known.result = result;
    else if (!result.passing) this.#options.onRebound(host);
  }
}
