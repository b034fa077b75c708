import type { Said } from "../log/said.ts";
import { newest } from "../log/newest.ts";
import { including, type Versions } from "../log/versions.ts";
import { wireEntryOf } from "./wire-entry-of.ts";

/** Entries for one frame. `isWhole`: all that there were are in it. */
export interface WirePage {
  /** JSON of each, in the session's order. */
  readonly texts: readonly string[];
  readonly said: readonly Said[];
  readonly isWhole: boolean;
}

export interface PageOptions {
  isAdmin: boolean;
  /** Of the entries of one frame; one entry is always let through. */
  mostBytes: number;
}

/** The first of them that fit into a frame: whoever asked for more asks on. */
export function firstThatFit(said: readonly Said[], options: PageOptions): WirePage {
  const texts = textsOf(said, options);
  const count = countThatFit(texts, options.mostBytes);
  const isWhole = count === said.length;
  return { texts: texts.slice(0, count), said: said.slice(0, count), isWhole };
}

/** The newest of a page of the log that fit into a frame, and what stays below them. */
export function newestThatFit(
  { said, older }: { said: readonly Said[]; older: Versions },
  options: PageOptions,
): WirePage & { older: Versions } {
  const texts = textsOf(said, options);
  const count = countThatFit(texts.toReversed(), options.mostBytes);
  if (count === said.length) return { texts, said, isWhole: true, older };
  const entries = said.map(({ entry }) => entry);
  const below = newest(entries, upTo(older, said), count).older;
  return { texts: texts.slice(-count), said: said.slice(-count), isWhole: false, older: below };
}

/** The versions with these entries in them. */
export function upTo(versions: Versions, said: readonly Said[]): Versions {
  return said.reduce((reached, { entry }) => including(reached, entry), versions);
}

function textsOf(said: readonly Said[], { isAdmin }: PageOptions): string[] {
  return said.map((one) => JSON.stringify(wireEntryOf(one, isAdmin)));
}

function countThatFit(texts: readonly string[], mostBytes: number): number {
  let bytes = 0;
  for (const [at, text] of texts.entries()) {
    bytes += Buffer.byteLength(text);
    if (bytes > mostBytes) return Math.max(1, at);
  }
  return texts.length;
}
