import { wait } from "../clock.ts";
import { backoff, type Backoff } from "../retry.ts";
import type { Cache } from "./cache.ts";
import type { WatchEvent } from "./client.ts";
import { isExpired, KubeError } from "./kube-error.ts";
import { keyOf, type KubeObject, type Select } from "./object.ts";
import type { WatchOptions, WatchState } from "./watch-resource.ts";
import { ruleFor } from "./watch-told.ts";

export interface ReflectorOptions<T extends KubeObject> extends WatchOptions<T> {
  namespace: string | undefined;
  cache: Cache<T>;
}

/**
 * As client-go's reflector, but for the cap, half a minute there: those who watch for Warren are few in a cluster, and
 * what was changed while its API server was away should be public soon after.
 */
const RETRY = { firstMs: 800, capMs: 10_000, heldMs: 10_000 };
/** A resource that is not there, or may not be read, is asked for again. */
const ABSENT_MS = 30_000;
const FORBIDDEN_MS = 60_000;
/** Refusals that pass sooner are a server's that is starting: it does not know its roles yet. */
const REFUSED_FOR_MS = 60_000;
/** What a watch missed, should the server have lost it, is found by then; spread, so that agents do not come together. */
const RELIST_MS = 600_000;
/** A dead peer that not even the kernel noticed is noticed by twice that. */
const STREAM_SECONDS = 150;

/**
 * Keeps the objects of one namespace, or of all, as the server has them.
 *
 * 1. The cache holds what the server had at `#revision`, and every change is applied in the server's order.
 * 2. Only what a list does not have, an event says, or a resource that the server says it does not have takes
 *    along, is removed: failures remove nothing, and a proxy's 404 is one.
 * 3. Nothing is asked again without a wait after something failed.
 */
export class Reflector<T extends KubeObject> {
  readonly synced: Promise<void>;
  state: WatchState = "starting";
  readonly #options: ReflectorOptions<T>;
  readonly #select: Select;
  readonly #waits: Backoff;
  readonly #firstList = Promise.withResolvers<void>();
  /** Undefined: a list is due. */
  #revision: string | undefined;
  #relistAt = 0;
  /** The server has forgotten where a stream was, and since then none held and nothing else failed. */
  #isExpired = false;
  #refusedSince: number | undefined;

  constructor(options: ReflectorOptions<T>) {
    const { namespace, labelSelector, fieldSelector, random, signal } = options;
    this.#options = { ...options, client: options.client.within({ signal }) };
    this.#select = { namespace, labelSelector, fieldSelector };
    this.#waits = backoff({ ...RETRY, random });
    this.synced = this.#firstList.promise;
    this.synced.catch(() => {});
  }

  /** Resolves when the signal has aborted; never rejects. */
  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      let waitMs: number;
      try {
        waitMs = await this.#once();
      } catch (error) {
        const isAbsent = await this.#isAbsent(error);
        if (signal.aborted) break;
        waitMs = isAbsent ? this.#absent() : this.#failed(error);
      }
      if (waitMs > 0) await wait(clock, waitMs, signal);
    }
    this.#firstList.reject(signal.reason);
  }

  /** Lists if that is due, and follows one stream to its end. Returns how long to wait before the next. */
  async #once(): Promise<number> {
    const { clock } = this.#options;
    if (this.#revision === undefined || clock.now() >= this.#relistAt) await this.#list();
    const began = clock.now();
    try {
      await this.#follow();
    } finally {
      const openMs = clock.now() - began;
      this.#waits.ended(openMs);
      if (openMs >= RETRY.heldMs) this.#isExpired = false;
    }
    this.#isHeard();
    // A server, or a proxy before it, that ends streams at once would be asked in a tight loop.
    return clock.now() - began >= RETRY.heldMs ? 0 : this.#waits.next();
  }

  async #list(): Promise<void> {
    const { client, resource, trim, cache, clock, random, namespace, told } = this.#options;
    const began = clock.now();
    const { items, resourceVersion } = await client.list(resource, this.#select, trim);
    const isMine = ({ metadata }: T) => namespace === undefined || metadata.namespace === namespace;
    cache.replace(items, isMine);
    this.#revision = resourceVersion;
    this.#relistAt = clock.now() + RELIST_MS * (1 + random() / 5);
    const wasAbsent = this.state === "absent";
    this.#isHeard();
    if (wasAbsent) told({ kind: "appeared", resource });
    told({ kind: "listed", resource, objects: items.length, tookMs: clock.now() - began });
    this.#firstList.resolve();
  }

  async #follow(): Promise<void> {
    const { client, resource, random } = this.#options;
    const timeoutSeconds = Math.round(STREAM_SECONDS * (1 + random()));
    const from = { select: this.#select, resourceVersion: this.#revision ?? "", timeoutSeconds };
    for await (const event of client.watch(resource, from)) this.#apply(event);
  }

  #apply(event: WatchEvent<T>): void {
    const { cache, trim } = this.#options;
    const { resourceVersion } = event.object.metadata;
    if (event.type === "ADDED" || event.type === "MODIFIED") cache.put(trim(event.object));
    else if (event.type === "DELETED") cache.remove(keyOf(event.object));
    else if (event.type !== "BOOKMARK") return;
    this.#revision = resourceVersion;
    this.#isHeard();
  }

  #isHeard(): void {
    this.state = "live";
    this.#refusedSince = undefined;
  }

  /** What follows from an error, and how long to wait. */
  #failed(error: unknown): number {
    const { resource, told } = this.#options;
    if (isExpired(error)) {
      this.#revision = undefined;
      told({ kind: "expired", resource, error });
      // The first time at once, however long the server was away: that it has forgotten says nothing about the list.
      const isFirst = !this.#isExpired;
      this.#isExpired = true;
      return isFirst ? (this.#waits.next(), 0) : this.#waits.next();
    }
    this.#isExpired = false;
    if (error instanceof KubeError && error.status === 403) return this.#forbidden(error);
    const asked = error instanceof KubeError ? error.retryAfterMs : undefined;
    const retryInMs = Math.max(this.#waits.next(), asked ?? 0);
    told({ kind: "lost", resource, error, retryInMs });
    return retryInMs;
  }

  #forbidden(error: KubeError): number {
    const { resource, told, random, clock } = this.#options;
    if (this.state !== "forbidden") {
      told({ kind: "forbidden", resource, rule: ruleFor(resource), error });
    }
    this.state = "forbidden";
    this.#refusedSince ??= clock.now();
    const isNew = clock.now() - this.#refusedSince < REFUSED_FOR_MS;
    return isNew ? this.#waits.next() : FORBIDDEN_MS * (1 + random() / 4);
  }

  /**
   * Whether a 404 is the server's own word, for it says so when it is asked what it has. Who may not ask
   * believes the 404 while there is nothing to lose.
   */
  async #isAbsent(error: unknown): Promise<boolean> {
    if (!(error instanceof KubeError) || error.status !== 404) return false;
    const { client, resource } = this.#options;
    // Whatever the answer is, a stream does not go on from there.
    this.#revision = undefined;
    try {
      return !(await client.serves(resource));
    } catch (failure) {
      const mayNotAsk = failure instanceof KubeError && failure.status === 403;
      return mayNotAsk && (this.state === "starting" || this.state === "absent");
    }
  }

  #absent(): number {
    const { resource, told, random, cache, namespace } = this.#options;
    if (this.state !== "absent") told({ kind: "absent", resource });
    this.state = "absent";
    cache.replace(
      [],
      ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
    );
    this.#firstList.resolve();
    return ABSENT_MS * (1 + random() / 4);
  }
}
