import { FieldLines, readFieldLines } from "./field-lines.ts";
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
  const problem = readFieldLines(`${text}\r\n`, 0, lines);
  if (problem !== undefined) return problem;
  if (lines.host !== undefined) return FORBIDDEN;
  for (let i = 0; i < lines.fields.length; i += 2) {
    if (roleOf(lines.fields[i]!) !== ROLE.endToEnd) return FORBIDDEN;
  }
  return lines.fields;
}
