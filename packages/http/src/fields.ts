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

/** A list is read through for so many; then it pays to know all names. */
const MOST_SCANS = 16;

/** First values of fields by lower-case name, for who may ask for a thousand. */
export class FirstValues {
  readonly #fields: Fields;
  #scans = 0;
  #values: Map<string, string> | undefined;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  get(lower: string): string | undefined {
    if (++this.#scans <= MOST_SCANS) return fieldOf(this.#fields, lower);
    return (this.#values ??= this.#all()).get(lower);
  }

  #all(): Map<string, string> {
    const values = new Map<string, string>();
    for (let i = 0; i < this.#fields.length; i += 2) {
      const name = this.#fields[i]!.toLowerCase();
      if (!values.has(name)) values.set(name, this.#fields[i + 1]!);
    }
    return values;
  }
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
