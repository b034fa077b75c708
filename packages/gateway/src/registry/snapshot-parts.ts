import type { IngressRoutes } from "@warren/wire";

/**
 * Joins the parts of one sender's `sync` messages: a large snapshot is applied with its last part.
 * One per tunnel. A part out of order, or of another revision, forgets what came before it.
 */
export class SnapshotParts {
  readonly #mostRoutes: number;
  #revision: number | undefined;
  #next = 0;
  #routes: unknown[] = [];

  /** `mostRoutes` bounds what a hostile sender can make a gateway keep. */
  constructor(mostRoutes: number) {
    this.#mostRoutes = mostRoutes;
  }

  /**
   * The whole message, once it is; `more` while parts are missing; `broken` when this part does not
   * follow the ones before it, or there are too many routes: the sender starts over.
   */
  join(message: IngressRoutes): IngressRoutes | "more" | "broken" {
    const { part, revision } = message;
    if (part === undefined) return message;
    if (part.index === 0) this.#start(revision);
    if (part.index !== this.#next || revision !== this.#revision) return this.#broken();
    if (this.#routes.length + message.routes.length > this.#mostRoutes) return this.#broken();
    for (const route of message.routes) this.#routes.push(route);
    this.#next += 1;
    return part.last ? this.#whole(message) : "more";
  }

  #start(revision: number | undefined): void {
    this.#revision = revision;
    this.#next = 0;
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
