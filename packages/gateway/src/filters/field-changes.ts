import { linesOf } from "@warren/http";
import type { HeaderFilter } from "@warren/wire";

/** A header filter made ready: which fields go, and which are written behind the rest. */
export class FieldChanges {
  readonly #gone: ReadonlySet<string>;
  readonly #written: readonly string[];
  readonly #lines: string;

  private constructor({ set, add, remove }: HeaderFilter) {
    this.#gone = new Set([...remove, ...set.map(({ name }) => name)]);
    this.#written = [...set, ...add].flatMap(({ name, value }) => [name, value]);
    this.#lines = linesOf(this.#written);
  }

  /** Undefined for a filter that changes nothing. */
  static of(filter: HeaderFilter | undefined): FieldChanges | undefined {
    if (filter === undefined) return undefined;
    const changes = new FieldChanges(filter);
    return changes.#gone.size + changes.#written.length === 0 ? undefined : changes;
  }

  /** On a flat list: name, value, name, value. */
  fields(given: readonly string[]): string[] {
    const kept: string[] = [];
    for (let i = 0; i < given.length; i += 2) {
      if (!this.#gone.has(given[i]!.toLowerCase())) kept.push(given[i]!, given[i + 1]!);
    }
    return kept.concat(this.#written);
  }

  /** On `name: value CRLF` lines. */
  lines(given: string): string {
    return withoutLines(given, this.#gone) + this.#lines;
  }
}

/** Lines of a head without those of some lower-case names. */
export function withoutLines(lines: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return lines;
  let kept = "";
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf("\r\n", at) + 2;
    const name = lines.slice(at, lines.indexOf(":", at)).toLowerCase();
    if (!names.has(name)) kept += lines.slice(at, end);
    at = end;
  }
  return kept;
}
