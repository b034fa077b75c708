import type { IngressRoutes } from "@warren/wire";

/**
 * Joins the parts of one sender's `sync` messages: a large snapshot is applied with its last part.
 * One per tunnel. A part out of order, or of another revision, forgets what came before it.
 */
export class SnapshotParts {
  readonly #most: { routes: number; bytes: number };
  #revision: number | undefined;
  #next = 0;
  #routes: unknown[] = [];
  #bytes = 0;

  /** `most` bounds what a hostile sender can make a gateway keep: routes, and their text. */
  constructor(most: { routes: number; bytes: number }) {
    this.#most = most;
  }

  /**
   * The whole message, once it is; `more` while parts are missing; `broken` when this part does not
   * follow the ones before it, or there are too many routes: the sender starts over. `bytes`: what the message's text weighed.
   */
  join(message: IngressRoutes, bytes: number): IngressRoutes | "more" | "broken" {
    const { part, revision } = message;
    if (part === undefined) return message;
    if (part.index === 0) this.#start(revision);
    if (part.index !== this.#next || revision !== this.#revision) return this.#broken();
    this.#bytes += bytes;
    if (this.#routes.length + message.routes.length > this.#most.routes) return this.#broken();
    if (this.#bytes > this.#most.bytes) return this.#broken();
    for (const route of message.routes) this.#routes.push(route);
    this.#next += 1;
    return part.last ? this.#whole(message) : "more";
  }

  #start(revision: number | undefined): void {
    this.#revision = revision;
    this.#next = this.#bytes = 0;
    this.#routes = [];
  }

  #broken(): "broken" {
    this.#start(undefined);
    return "broken";
  }

  #whole(message: IngressRoutes): IngressRoutes {
    const { part: _, ...whole } = message;
    const routes = this.#routes;
    this.#start(undefined);
    return { ...whole, routes };
  }
}
