import { Agent } from "node:https";
import { wait, type Clock } from "@warren/host";
import type { Authorization, Client, Order } from "acme-client";
import { inCall, send, type AdapterRequest, type CaCall } from "./ca-http.ts";
import { answerProblem, CaProblem, problemOf, RATE_LIMITED, retryAfterOf } from "./ca-problem.ts";
import { readRenewalInfo, type RenewalWindow } from "./renewal-info.ts";

export type ChallengeType = "http-01" | "tls-alpn-01";

export interface CaOptions {
  /** Of the CA, RFC 8555 §7.1.1. */
  directory: string;
  /** PEM of authorities that the CA's own server is believed by, instead of the system's. */
  authority: string | undefined;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  signal: AbortSignal;
}

export interface CaAccount {
  /** PEM. */
  key: string;
  url: string | undefined;
}

/** How a host proves itself: what must be found there before the CA is told to look. */
export interface Proof {
  type: ChallengeType;
  host: string;
  token: string;
  keyAuthorization: string;
}

/** How often the CA is asked how it gets on, and for how long. */
const FIRST_LOOK_MS = 250;
const SLOWEST_LOOK_MS = 5_000;
const ORDER_MS = 120_000;
/** Renewal information is asked for as often as the CA says, within these bounds (RFC 9773 §4.3.3). */
const ASK_MS = { usual: 21_600_000, least: 60_000, most: 86_400_000 };

let loading: Promise<typeof import("acme-client")> | undefined;

/** The client is a third of what a gateway would load: only those that order have it. */
function library(): Promise<typeof import("acme-client")> {
  loading ??= import("acme-client").then((acme) => {
    // Its own way of sending waits as long as a CA likes, and says nothing of what it heard.
    acme.axios.defaults.adapter = (asked) => send(asked as AdapterRequest) as never;
    return acme;
  });
  return loading;
}

/** One account at one CA. Everything rejects with a CaProblem. */
export class CaClient {
  readonly #options: CaOptions;
  readonly #client: Client;
  readonly #acme: typeof import("acme-client");
  readonly #agent: Agent;

  private constructor(
    options: CaOptions,
    acme: typeof import("acme-client"),
    client: Client,
    agent: Agent,
  ) {
    this.#options = options;
    this.#acme = acme;
    this.#client = client;
    this.#agent = agent;
  }

  static async open(options: CaOptions, { key, url }: CaAccount): Promise<CaClient> {
    const acme = await library();
    const directoryUrl = options.directory;
    const account = url === undefined ? {} : { accountUrl: url };
    const client = new acme.Client({ directoryUrl, accountKey: key, ...account });
    const { authority } = options;
    const agent = new Agent({ keepAlive: true, ...(authority !== undefined && { ca: authority }) });
    return new CaClient(options, acme, client, agent);
  }

  static async newKey(): Promise<string> {
    const acme = await library();
    return (await acme.crypto.createPrivateEcdsaKey("P-256")).toString();
  }

  /** Registers the account, or finds the one that its key has. The account's URL. */
  async register(email: string | undefined): Promise<string> {
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
    const asked = { termsOfServiceAgreed: true, ...contact };
    return this.#call(() => this.#client.createAccount(asked)).then(
      () => this.#client.getAccountUrl(),
      (reason: unknown) => {
        // One that is there already the library updates: without an address that is an update of
        // nothing, which CAs refuse, when the account's URL is known to it.
        const url = this.accountUrl;
        if (url === undefined) throw reason;
        return url;
      },
    );
  }

  /** Orders a certificate for one host. `replaces`: id of the one that it follows (RFC 9773 §5). */
  async order(host: string, replaces: string | undefined): Promise<Order> {
    const order = { identifiers: [{ type: "dns", value: host }] };
    const create = (asked: typeof order & { replaces?: string }) =>
      this.#call(() => this.#client.createOrder(asked));
    if (replaces === undefined) return create(order);
    return create({ ...order, replaces }).catch((reason: CaProblem) => {
      // It is replaced already (an answer was lost), or another account's, or not known any more. Or
      // something else is wrong: then the order without says so.
      if (reason.isAway || reason.type === RATE_LIMITED) throw reason;
      return create(order);
    });
  }

  /** What the CA wants to see; nothing where it has seen the host lately. */
  async proofs(order: Order, type: ChallengeType): Promise<Proof[]> {
    const proofs: Proof[] = [];
    for (const authorization of await this.#authorizations(order)) {
      if (authorization.status === "valid") continue;
      const challenge = authorization.challenges.find((one) => one.type === type);
      if (challenge === undefined) throw problem("malformed", `the CA offers no ${type}`);
      const keyAuthorization = await this.#call(() =>
        this.#client.getChallengeKeyAuthorization(challenge),
      );
      const host = authorization.identifier.value;
      proofs.push({ type, host, token: challenge.token, keyAuthorization });
    }
    return proofs;
  }

  /** Tells the CA to look, and waits until it has. Rejects with what it saw. */
  async proven(order: Order, proofs: readonly Proof[], renew: () => Promise<void>): Promise<Order> {
    const tokens = new Set(proofs.map(({ token }) => token));
    for (const { challenges } of await this.#authorizations(order)) {
      for (const challenge of challenges)
        if (tokens.has(challenge.token) && proofs[0]?.type === challenge.type)
          await this.#call(() => this.#client.completeChallenge(challenge));
    }
    return this.#settled(order, ["ready", "valid"], renew);
  }

  /** Has the key certified. PEM of the chain, leaf first. */
  async certify(order: Order, host: string, renew: () => Promise<void>) {
    const [key, csr] = await this.#acme.crypto.createCsr(
      // Without a common name, which may be no longer than 64 characters.
      { altNames: [host] },
      await this.#acme.crypto.createPrivateEcdsaKey("P-256"),
    );
    const finalized = await this.#call(() => this.#client.finalizeOrder(order, csr));
    const done = await this.#settled(finalized, ["valid"], renew);
    const cert = await this.#call(() => this.#client.getCertificate(done));
    return { cert, key: key.toString() };
  }

  /**
   * When the CA would have a certificate renewed, and in how long to ask again; no window where it
   * says nothing of that.
   */
  async renewalInfo(id: string): Promise<{ window: RenewalWindow | undefined; askInMs: number }> {
    const directory = await this.#get(this.#options.directory);
    const base = (directory.data as { renewalInfo?: unknown } | undefined)?.renewalInfo;
    if (typeof base !== "string") return { window: undefined, askInMs: ASK_MS.most };
    const { headers, data } = await this.#get(`${base.replace(/\/$/, "")}/${id}`);
    const said = retryAfterOf(headers["retry-after"], this.#options.wallClock()) ?? ASK_MS.usual;
    const askInMs = Math.min(ASK_MS.most, Math.max(ASK_MS.least, said));
    return { window: readRenewalInfo(data), askInMs };
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Of the account; undefined before it is registered. */
  get accountUrl(): string | undefined {
    try {
      return this.#client.getAccountUrl();
    } catch {
      return undefined;
    }
  }

  #authorizations(order: Order): Promise<Authorization[]> {
    return this.#call(() => this.#client.getAuthorizations(order));
  }

  async #settled(
    order: Order,
    until: readonly Order["status"][],
    renew: () => Promise<void>,
  ): Promise<Order> {
    const { clock, signal } = this.#options;
    const startedAt = clock.now();
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(SLOWEST_LOOK_MS, pause * 1.5)) {
      const now = await this.#call(() => this.#client.getOrder(order));
      if (until.includes(now.status)) return now;
      if (now.status === "invalid") throw await this.#seen(now);
      if (clock.now() - startedAt > ORDER_MS) throw problem("timeout", "the CA did not get on");
      await renew();
      if (!(await wait(clock, pause, signal))) throw problem("stopped", "the gateway stopped");
    }
  }

  /** What the CA saw instead of what it should have. */
  async #seen(order: Order): Promise<CaProblem> {
    const said = problemOf(order.error);
    for (const { challenges } of await this.#authorizations(order)) {
      for (const challenge of challenges) {
        const { error } = challenge as { error?: unknown };
        const seen = problemOf(error);
        if (seen !== undefined) return problem(seen.type, seen.detail);
      }
    }
    return problem(said?.type ?? "invalid", said?.detail ?? "the CA gave no reason");
  }

  async #get(url: string) {
    const call = this.#begin();
    return inCall(call, async () => {
      // RFC 8555 §6.1: every request says what asks; the library's do by themselves.
      const answer = await send({ url, method: "get", headers: { "User-Agent": "warren" } });
      if (answer.status >= 400) throw answerProblem(answer, this.#options.wallClock());
      return answer;
    });
  }

  #begin(): CaCall {
    return { agent: this.#agent, signal: this.#options.signal, last: undefined };
  }

  async #call<T>(act: () => Promise<T>): Promise<T> {
    const call = this.#begin();
    try {
      return await inCall(call, act);
    } catch (cause) {
      if (cause instanceof CaProblem) throw cause;
      if (call.last !== undefined && call.last.status >= 400)
        throw answerProblem(call.last, this.#options.wallClock(), { cause });
      throw new CaProblem("malformed", "the CA's answer was not understood", {
        cause,
        retryAfterMs: undefined,
      });
    }
  }
}

function problem(type: string, detail: string): CaProblem {
  return new CaProblem(type, detail, { retryAfterMs: undefined });
}
