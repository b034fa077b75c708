import { fieldsMatch, labelsMatch } from "./selectors.ts";
import { badRequest, expired, Refusal } from "./status.ts";
import type { Kind } from "./kinds.ts";
import type { Store, Stored } from "./store.ts";

export interface Page {
  items: Stored[];
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

interface Rest {
  revision: number;
  objects: Stored[];
}

/** Lists with pages, each of a list as it was when its first page was asked for. */
export class Reads {
  readonly #store: Store;
  readonly #rests = new Map<string, Rest>();
  #given = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  list(kind: Kind, namespace: string | undefined, query: URLSearchParams): Page {
    const limit = Number(query.get("limit") ?? 0);
    const token = query.get("continue") ?? "";
    const { revision, objects } =
      token === "" ? this.#begin(kind, namespace, query) : this.#rest(token, query);
    const isWhole = limit <= 0 || objects.length <= limit;
    const resourceVersion = String(revision);
    if (isWhole) return { items: objects, metadata: { resourceVersion } };
    const next = `page-${(this.#given += 1)}`;
    this.#rests.set(next, { revision, objects: objects.slice(limit) });
    const isChosen = query.get("labelSelector") ?? query.get("fieldSelector");
    // The server cannot know it where a selector leaves some out.
    const left = isChosen === null ? { remainingItemCount: objects.length - limit } : {};
    const metadata = { resourceVersion, continue: next, ...left };
    return { items: objects.slice(0, limit), metadata };
  }

  #begin(kind: Kind, namespace: string | undefined, query: URLSearchParams): Rest {
    const asked = revisionOf(query.get("resourceVersion"));
    const match = query.get("resourceVersionMatch");
    if (match !== null && asked === undefined) {
      throw new Refusal(
        422,
        "Invalid",
        "resourceVersionMatch is forbidden unless resourceVersion is provided",
      );
    }
    if (asked !== undefined && asked > this.#store.revision) throw tooLarge(asked, this.#store);
    const isExact = match === "Exact" && asked !== undefined;
    const revision = isExact ? asked : this.#store.revision;
    const objects = isExact
      ? this.#store.allAt(kind, namespace, asked)
      : this.#store.all(kind, namespace);
    if (objects === undefined) throw expired(`The provided resource version is too old: ${asked}`);
    return { revision, objects: objects.filter(chosenBy(query)) };
  }

  #rest(token: string, query: URLSearchParams): Rest {
    const rest = this.#rests.get(token);
    const asked = query.get("resourceVersion");
    if (asked !== null && asked !== "" && asked !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    if (rest === undefined) throw badRequest("continue key is not valid");
    if (rest.revision < this.#store.compacted) {
      throw expired("The provided continue parameter is too old to display a consistent list");
    }
    return rest;
  }
}

export function chosenBy(query: URLSearchParams): (object: Stored) => boolean {
  const labels = labelsMatch(query.get("labelSelector"));
  const fields = fieldsMatch(query.get("fieldSelector"));
  return (object) => labels(object) && fields(object);
}

/** Undefined for "any": absent, "" and "0". */
export function revisionOf(text: string | null): number | undefined {
  if (text === null || text === "" || text === "0") return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`invalid resource version "${text}"`);
  return Number(text);
}

function tooLarge(asked: number, { revision }: Store): Refusal {
  const message = `Too large resource version: ${asked}, current: ${revision}`;
  return new Refusal(504, "Timeout", message, { retryAfterSeconds: 1 });
}
