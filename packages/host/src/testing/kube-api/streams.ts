import type { ServerResponse } from "node:http";
import type { Clock } from "../../clock.ts";
import { expired, type Refusal } from "./status.ts";
import { chosenBy, revisionOf } from "./reads.ts";
import { kindKey, type Kind } from "./kinds.ts";
import type { Change, Store, Stored } from "./store.ts";

export interface StreamRequest {
  kind: Kind;
  namespace: string | undefined;
  query: URLSearchParams;
}

/** A server picks one of 30 to 60 minutes by itself. */
const LONGEST_SECONDS = 1_800;

/** One watch that is open. */
export class Stream {
  readonly request: StreamRequest;
  readonly #response: ServerResponse;
  readonly #store: Store;
  readonly #chosen: (object: Stored) => boolean;
  readonly #forget: () => void;
  readonly #written: (line: string) => void;
  readonly #ended: (stream: Stream) => void;
  /** Changes up to here were sent. */
  #revision = 0;
  #held: string[] | undefined;
  #isOver = false;

  constructor(request: StreamRequest, { response, store, clock, write, ended }: StreamDeps) {
    this.request = request;
    this.#response = response;
    this.#store = store;
    this.#chosen = chosenBy(request.query);
    this.#written = write;
    this.#ended = ended;
    const seconds = Number(request.query.get("timeoutSeconds") ?? LONGEST_SECONDS);
    this.#forget = clock.after(seconds * 1_000, () => this.end());
    response.on("close", () => this.#over());
  }

  /** What has been since the asked revision, then what comes. */
  begin(): void {
    this.#response.writeHead(200, { "content-type": "application/json" });
    this.#response.flushHeaders();
    const { kind, namespace, query } = this.request;
    const from = revisionOf(query.get("resourceVersion"));
    const isInitial = query.get("sendInitialEvents") === "true";
    if (from !== undefined && from < this.#store.compacted && !isInitial) {
      return this.fail(expired(`too old resource version: ${from} (${this.#store.compacted})`));
    }
    if (from === undefined || isInitial) {
      for (const object of this.#store.all(kind, namespace)) {
        if (this.#chosen(object)) this.#event("ADDED", object);
      }
      this.#revision = this.#store.revision;
      if (isInitial) this.bookmark({ "k8s.io/initial-events-end": "true" });
      return;
    }
    this.#revision = from;
    for (const change of this.#store.since(kind, from)) this.heard(change);
  }

  heard({ revision, kind, before, after }: Change): void {
    const { kind: wanted, namespace } = this.request;
    if (kindKey(kind) !== kindKey(wanted) || revision <= this.#revision) return;
    this.#revision = revision;
    const isIn = (object: Stored | undefined): object is Stored =>
      object !== undefined &&
      (namespace === undefined || object.metadata.namespace === namespace) &&
      this.#chosen(object);
    const was = isIn(before);
    if (isIn(after)) return this.#event(was ? "MODIFIED" : "ADDED", after);
    // What is gone is shown as it last was, with the revision at which it went.
    if (was) this.#event("DELETED", numbered(before, revision));
  }

  /** Only to those who asked for bookmarks. */
  bookmark(annotations?: Record<string, string>): void {
    if (this.request.query.get("allowWatchBookmarks") !== "true") return;
    const resourceVersion = String(this.#store.revision);
    const metadata = annotations === undefined ? {} : { annotations };
    const { apiVersion, kind } = typeOf(this.request.kind);
    this.#send({
      type: "BOOKMARK",
      object: {
        kind,
        apiVersion,
        metadata: { resourceVersion, creationTimestamp: null, ...metadata },
      },
    });
  }

  /** An error on a stream that began as 200, and its end. */
  fail(refusal: Refusal): void {
    this.#send({ type: "ERROR", object: refusal.body });
    this.end();
  }

  /** Ends in the middle of an object, as a proxy that is restarted does. */
  truncate(): void {
    this.#response.write('{"type":"MODIFIED","object":{"kind":"Ingr');
    this.end();
  }

  /** Text that is no event, to see what a client makes of it. */
  say(text: string): void {
    this.#response.write(text);
  }

  end(): void {
    this.#over();
    this.#response.end();
  }

  /** The connection is gone, without an end of the stream. */
  cut(): void {
    this.#over();
    this.#response.destroy();
  }

  /** Says nothing more, and loses nothing, until `release`. */
  hold(): void {
    this.#held ??= [];
  }
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of held) this.#written(line);
  }

  #over(): void {
    this.#forget();
    this.#isOver = true;
    this.#ended(this);
  }

  #event(type: "ADDED" | "MODIFIED" | "DELETED", object: Stored): void {
    this.#send({ type, object: { ...object, ...typeOf(this.request.kind) } });
  }

  #send(event: object): void {
    if (this.#isOver) return;
    const line = `${JSON.stringify(event)}\n`;
    if (this.#held === undefined) this.#written(line);
    else this.#held.push(line);
  }
}

export interface StreamDeps {
  response: ServerResponse;
  store: Store;
  clock: Clock;
  write: (line: string) => void;
  ended: (stream: Stream) => void;
}

function numbered(object: Stored, revision: number): Stored {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** Of the version that was asked for. */
export function typeOf({ group, version, kind }: Kind): { apiVersion: string; kind: string } {
  return { apiVersion: group === "" ? version : `${group}/${version}`, kind };
}
