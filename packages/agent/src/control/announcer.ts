import type { Clock } from "@warren/tunnel";
import type { ControlInput, IngressRoutesAck, Route } from "@warren/wire";
import type { Published } from "../published.ts";

/** A message stays well under the 1 MiB that a gateway takes. */
const PART_BYTES = 512 * 1_024;
/** An announcement that is not answered is repeated as a whole. */
const ACK_MS = 10_000;
/** Snapshots are sent anew while nothing changes: whatever went wrong mends itself. */
const REFRESH_MS = 240_000;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;

/** What happens to announcements, for the log. */
export interface AnnouncerEvents {
  rejected(host: string, path: string, code: string, message: string | undefined): void;
  published(routes: number): void;
  /** tcp routes: the public port that each got. */
  port(routeKey: string, port: number): void;
}

export interface AnnouncerOptions {
  published: Published;
  clock: Clock;
  /** Sends if the tunnel is up. */
  send: (message: ControlInput) => boolean;
  events: AnnouncerEvents;
}

/**
 * Tells one gateway what this agent publishes: a snapshot after each registration and every four
 * minutes, changes as they come. Control messages are lost with a transport, so whatever was not
 * answered is sent again as a snapshot. Routes that the gateway refused are offered again with
 * growing pauses: another cluster may have released the host since.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #stopHearing: () => void;
  #nextId = 0;
  #unanswered = new Set<string>();
  #cancelAck: (() => void) | undefined;
  #cancelRefresh: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #retryMs = FIRST_RETRY_MS;
  #accepted = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#stopHearing = options.published.onChange((change) => {
      if (change.added.length > 0) this.#say("add", change.revision, change.added);
      if (change.updated.length > 0) this.#say("update", change.revision, change.updated);
      if (change.deleted.length > 0) this.#say("delete", change.revision, change.deleted);
    });
  }

  /** The tunnel is up. A resumed one has what it had, unless something was not answered. */
  up(resumed: boolean): void {
    if (!resumed || this.#unanswered.size > 0) this.#sync();
    else this.#refreshLater();
  }

  /** The tunnel is down: what waits for answers waits in vain. */
  down(): void {
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#cancelRefresh?.();
    this.#cancelRetry?.();
  }

  acknowledged(requestId: string | undefined, ack: IngressRoutesAck): void {
    if (requestId === undefined || !this.#unanswered.delete(requestId)) return;
    const { published, events } = this.#options;
    if (this.#unanswered.size === 0) {
      this.#cancelAck?.();
      this.#cancelAck = undefined;
    }
    for (const [key, port] of Object.entries(ack.ports ?? {})) events.port(key, port);
    const { revision = 0 } = ack;
    if (revision > published.revision) {
      // Another agent of this cluster spoke later; our snapshot counts only if it is newer still.
      published.raise(revision);
      return this.#sync();
    }
    for (const { host, path, code, message } of ack.rejected)
      events.rejected(host, path, code, message);
    if (ack.rejected.length > 0) return this.#retryLater();
    this.#retryMs = FIRST_RETRY_MS;
    if (!this.#accepted) events.published(ack.accepted);
    this.#accepted = true;
  }

  close(): void {
    this.down();
    this.#stopHearing();
  }

  #sync(): void {
    this.#unanswered.clear();
    this.#accepted = false;
    const { published } = this.#options;
    const parts = inParts([...published.routes()]);
    for (const [index, routes] of parts.entries()) {
      const last = index === parts.length - 1;
      const part = parts.length === 1 ? undefined : { index, last };
      this.#say("sync", published.revision, routes, part, last);
    }
    this.#refreshLater();
  }

  #say(
    action: "add" | "update" | "delete" | "sync",
    revision: number,
    routes: readonly Route[],
    part?: { index: number; last: boolean },
    answered = true,
  ): void {
    const request_id = `routes-${++this.#nextId}`;
    if (answered) this.#unanswered.add(request_id);
    const payload = {
      action,
      revision,
      routes: [...routes],
      ...(part === undefined ? {} : { part }),
    };
    if (!this.#options.send({ type: "ingress_routes", request_id, payload })) return;
    this.#cancelAck ??= this.#options.clock.after(ACK_MS, () => {
      this.#cancelAck = undefined;
      this.#sync();
    });
  }

  #refreshLater(): void {
    this.#cancelRefresh?.();
    this.#cancelRefresh = this.#options.clock.after(REFRESH_MS, () => this.#sync());
  }

  #retryLater(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(this.#retryMs, () => this.#sync());
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
  }
}

/** Splits routes so that no message is too large; an empty snapshot is one empty part. */
export function inParts(routes: readonly Route[]): Route[][] {
  const parts: Route[][] = [[]];
  let bytes = 0;
  for (const route of routes) {
    const size = JSON.stringify(route).length + 1;
    if (bytes + size > PART_BYTES && parts.at(-1)!.length > 0) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(route);
    bytes += size;
  }
  return parts;
}
