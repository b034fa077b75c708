import { sameWord } from "./ascii.ts";
import { FieldLines } from "./field-lines.ts";
import { sourceOf } from "./head-source.ts";
import { ROLE, roleOf } from "./hop-by-hop.ts";
import { refused, Refusal } from "./refusal.ts";

const FORBIDDEN = refused("a trailer that belongs in the head");

/**
 * Reads a trailer block: `name: value CRLF` lines without the empty line. Fields that frame, route
 * or speak of the connection are refused there (RFC 9110 §6.5.1): a reader that merged them into the
 * head would read another message.
 */
export function parseTrailers(text: string): string[] | Refusal {
  if (text === "") return [];
  const lines = new FieldLines();
  const problem = lines.read(sourceOf(`${text}\r\n`), 0);
  if (problem !== undefined) return problem;
  for (let i = 0; i < lines.fields.length; i += 2) {
    if (!mayTrail(lines.fields[i]!)) return FORBIDDEN;
  }
  return lines.fields;
}

/** False for a field that must stand in the head, whatever its case. */
export function mayTrail(name: string): boolean {
  return roleOf(name) === ROLE.endToEnd && !sameWord(name, "host") && !sameWord(name, "trailer");
}
