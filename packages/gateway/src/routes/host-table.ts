import { matchingPath } from "@warren/http";
import { prefixOfExpression, type Route } from "@warren/wire";
import type { Matched, RouteAnswer, RouteEntry, RouteQuestion } from "../ports.ts";
import { CharacterPaths } from "./character-paths.ts";
import { ControllerPaths } from "./controller-paths.ts";
import { PathSlot } from "./path-slot.ts";
import { Prefixes } from "./prefixes.ts";
import { isContested } from "./two-readings.ts";

export const NO_ROUTE: RouteAnswer = { refused: "no_route", message: "no route for this address" };
const AMBIGUOUS: RouteAnswer = { refused: "bad_request", message: "the path is ambiguous" };
const PASSTHROUGH_ONLY: RouteAnswer = {
  refused: "misdirected",
  message: "this host is served by TLS passthrough only",
};

/**
 * The routes of one host pattern, or of one public port. It is changed in place, entry by entry:
 * what one change costs does not grow with the number of the host's paths.
 */
export class HostTable {
  readonly pattern: string;
  readonly #exact = new Map<string, PathSlot>();
  readonly #prefix = new Prefixes<PathSlot>();
  /** ImplementationSpecific, where no controller answers it: read as Prefix, after all others. */
  readonly #other = new Prefixes<PathSlot>();
  readonly #direct: PathSlot;
  /** Paths where somebody is let in. */
  #open = 0;
  /** Undefined for a host that no Ingress controller answers. */
  #controlled: ControllerPaths | undefined;
  /** Undefined for one that none compares by character. */
  #characters: CharacterPaths | undefined;

  constructor(pattern: string) {
    this.pattern = pattern;
    this.#direct = new PathSlot(pattern);
  }

  /** `before`: what is here under the entry's key. Who reads its path may have changed, and so its place. */
  put(entry: RouteEntry, before?: RouteEntry): void {
    if (before !== undefined && before.route.controller !== entry.route.controller)
      this.remove(before);
    if (entry.route.kind !== "http") return this.#direct.put(entry);
    const { paths, path } = this.#placeOf(entry.route);
    const slot = paths.get(path) ?? new PathSlot(this.pattern);
    paths.set(path, slot);
    this.#change(slot, () => slot.put(entry));
    if (entry.route.controller === "characters")
      this.#characters ??= new CharacterPaths(this.pattern);
    this.#characters?.put(entry);
    if (entry.route.controller !== undefined)
      (this.#controlled ??= new ControllerPaths()).put(entry);
  }

  remove(entry: RouteEntry): void {
    if (entry.route.kind !== "http") return this.#direct.remove(entry);
    this.#characters?.remove(entry);
    this.#controlled?.remove(entry);
    const { paths, path } = this.#placeOf(entry.route);
    const slot = paths.get(path);
    if (slot === undefined) return;
    this.#change(slot, () => slot.remove(entry));
    if (slot.empty) paths.delete(path);
  }

  /** What a request finds. Allocates nothing but what `matchingPath` does. */
  answer(question: RouteQuestion): RouteAnswer {
    const { path, ambiguous, loose } = matchingPath(question.target);
    const answer = this.#find(path, question);
    if (ambiguous && !answer?.found.policy.raw_path) return AMBIGUOUS;
    if (answer === undefined) return this.#nothing();
    if (loose !== path && !this.#isOneForAll(answer.found, loose, question)) return AMBIGUOUS;
    // Expressions are read by character anyway.
    const reader = this.#controlled?.matters ? this.#controlled : this.#characters;
    return reader?.matters ? this.#asControlled(reader, answer.found, question) : answer;
  }

  /** As the host's controller will read it, which merges slashes too. */
  #asControlled(
    reader: Pick<ControllerPaths, "settle">,
    found: Matched,
    question: RouteQuestion,
  ): RouteAnswer {
    const { path, loose } = matchingPath(question.target);
    const one = reader.settle(found, path, question);
    const other = loose === path ? one : reader.settle(found, loose, question);
    return one === undefined || one !== other ? AMBIGUOUS : { found: one };
  }

  /** A more lenient reader finds the same, or what comes to the same (docs/decisions/0385). */
  #isOneForAll(found: Matched, loose: string, question: RouteQuestion): boolean {
    const other = this.#find(loose, question);
    return other === undefined || !isContested(found, other.found);
  }

  /** What a connection finds that is not read as HTTP: passthrough by SNI, or a public port. */
  direct(): RouteAnswer {
    return this.#direct.first() ?? NO_ROUTE;
  }

  #find(path: string, question: RouteQuestion): { found: Matched } | undefined {
    return (
      this.#exact.get(path)?.find(question) ??
      this.#prefix.find(path, findIn, question) ??
      this.#other.find(path, findIn, question)
    );
  }

  /** Some route here is read as HTTP. */
  get servesHttp(): boolean {
    return this.#exact.size + this.#prefix.size + this.#other.size > 0;
  }

  /** Some route here is read as HTTP and lets somebody in. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  #change(slot: PathSlot, act: () => void): void {
    const was = Number(slot.isOpen);
    act();
    this.#open += Number(slot.isOpen) - was;
  }

  #nothing(): RouteAnswer {
    return !this.servesHttp && !this.#direct.empty ? PASSTHROUGH_ONLY : NO_ROUTE;
  }

  #placeOf(route: Route): { paths: Map<string, PathSlot> | Prefixes<PathSlot>; path: string } {
    const { path_type, controller } = route;
    const read = controller === "expressions" ? prefixOfExpression(route.path) : route.path;
    const { path } = matchingPath(read);
    if (read !== route.path) return { paths: path === "/" ? this.#other : this.#prefix, path };
    if (path_type === "Exact") return { paths: this.#exact, path };
    // A controller's own paths are no last resort: its longest path is the one that it means.
    const isPrefix = path_type === "Prefix" || (controller !== undefined && path !== "/");
    return { paths: isPrefix ? this.#prefix : this.#other, path };
  }
}

function findIn(slot: PathSlot, question: RouteQuestion): { found: Matched } | undefined {
  return slot.find(question);
}
