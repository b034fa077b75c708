import type { IngressRoutes } from "@warren/wire";
import type { RouteVerdict } from "../ports.ts";

/** A message about routes, not read any further than its head. */
export type RoutesHead = Omit<IngressRoutes, "routes">;

type Rejections = RouteVerdict["rejected"];

/** A whole message, or the parts of one, as they came. */
export interface Whole extends RoutesHead {
  texts: readonly string[];
  /** Out of parts that were not kept. */
  rejected: Rejections;
  /** All parts were kept: what they leave out is not there. */
  complete: boolean;
}

/**
 * Joins the parts of one sender's `sync` messages: a large snapshot is read and applied with its last
 * part, and kept as the text that it came in until then, so that it takes no more memory than it took
 * to say. One per tunnel. A part out of order, or of another revision, forgets what came before it.
 */
export class SnapshotParts {
  #revision: number | undefined;
  #next = 0;
  #texts: string[] = [];
  #length = 0;
  #rejected: Rejections = [];
  #complete = true;

  /** Characters that are kept. */
  get length(): number {
    return this.#length;
  }
  /** Rejections that are kept. */
  get named(): number {
    return this.#rejected.length;
  }

  /**
   * The whole message, once it is; `more` while parts are missing; `broken` when this part does not
   * follow the ones before it: the sender starts over. A part for which there was no room comes as
   * what it is refused with.
   */
  join(head: RoutesHead, said: string | Rejections): Whole | "more" | "broken" {
    const { part, ...rest } = head;
    const isKept = typeof said === "string";
    const texts = isKept ? [said] : [];
    if (part === undefined)
      return { ...rest, texts, rejected: isKept ? [] : said, complete: isKept };
    if (part.index === 0) this.#start(head.revision);
    if (part.index !== this.#next || head.revision !== this.#revision) return this.#broken();
    this.#texts.push(...texts);
    this.#complete &&= isKept;
    if (isKept) this.#length += said.length;
    else this.#rejected.push(...said);
    this.#next += 1;
    return part.last ? { ...rest, ...this.#end() } : "more";
  }

  /** Forgets what came. */
  clear(): void {
    this.#start(undefined);
  }

  #start(revision: number | undefined): void {
    this.#revision = revision;
    this.#next = 0;
    this.#texts = [];
    this.#length = 0;
    this.#rejected = [];
    this.#complete = true;
  }

  #broken(): "broken" {
    this.clear();
    return "broken";
  }

  #end(): Pick<Whole, "texts" | "rejected" | "complete"> {
    const all = { texts: this.#texts, rejected: this.#rejected, complete: this.#complete };
    this.clear();
    return all;
  }
}
