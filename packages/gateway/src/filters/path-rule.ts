import { matchingPath, splitTarget } from "@warren/http";
import type { PathChange } from "@warren/wire";

/**
 * Replaces a request's path, or the prefix of it that a route matched (Gateway API,
 * HTTPPathModifier). What stays is as the client sent it, byte for byte, and so is the query.
 */
export class PathRule {
  readonly #change: PathChange;
  /** As matched, without a trailing slash: "" for the root. */
  readonly #prefix: string;
  readonly #elements: number;

  constructor(change: PathChange, routePath: string) {
    this.#change = change;
    this.#prefix = bare(matchingPath(routePath).path);
    this.#elements = this.#prefix.split("/").length - 1;
  }

  /** `target` matched the route. */
  apply(target: string): string {
    const { path, query } = splitTarget(target === "*" ? "/" : target);
    const { type, value } = this.#change;
    return (type === "full" ? value : this.#replaced(path)) + query;
  }

  #replaced(path: string): string {
    const { value } = this.#change;
    const rest = this.#behindPrefix(path);
    return rest === "" ? value || "/" : bare(value) + rest;
  }

  /** Begins with a slash, or is empty. */
  #behindPrefix(path: string): string {
    const end = endOfElements(path, this.#elements);
    if (bare(matchingPath(path.slice(0, end)).path) === this.#prefix) return path.slice(end);
    // A route that takes dot segments: the prefix is only there once they are resolved.
    return matchingPath(path).path.slice(this.#prefix.length);
  }
}

/** Where the first elements end, before the slash of the next. */
function endOfElements(path: string, elements: number): number {
  let at = 0;
  for (let left = elements; left > 0; left -= 1) {
    at = path.indexOf("/", at + 1);
    if (at === -1) return path.length;
  }
  return at;
}

function bare(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
