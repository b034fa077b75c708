import { FIELD_VALUE, isAll, sameWord, TOKEN } from "./ascii.ts";

/**
 * A field list is flat: name, value, name, value. It keeps what a map loses: order, case, and that a
 * repeated field is repeated.
 */
export type Fields = readonly string[];

/** First value of a field by its lower-case name. */
export function fieldOf(fields: Fields, lower: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    if (sameWord(fields[i]!, lower)) return fields[i + 1];
  }
  return undefined;
}

/** A list without the fields of a lower-case name. */
export function withoutField(fields: Fields, lower: string): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (!sameWord(fields[i]!, lower)) kept.push(fields[i]!, fields[i + 1]!);
  }
  return kept;
}

/** Fields as `name: value CRLF` lines: part of a head, or a trailer block; without an empty line. */
export function linesOf(fields: Fields): string {
  let text = "";
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]!}: ${fields[i + 1]!}\r\n`;
  return text;
}

/** True when a name and a value that did not come through a head parser may be written in a head. */
export function isFieldLine(name: string, value: string): boolean {
  return isAll(TOKEN, name) && (value === "" || isAll(FIELD_VALUE, value));
}
