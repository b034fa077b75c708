import {
  indentOf,
  isBlank,
  isLast,
  ITEM,
  startsBlock,
  unindented,
  type Place,
  type Read,
} from "./lines.ts";
import type { ListItem } from "./tree.ts";

/** Deeper, and it is a part of the item above: models indent by two, three and four. */
const NESTED = 2;

export function readList(place: Place): Read {
  const { lines, at } = place;
  const [, indent = "", mark = ""] = ITEM.exec(lines[at]!)!;
  const isOrdered = /\d/.test(mark);
  const items: ListItem[] = [];
  let next = at;
  while (next < lines.length) {
    const found = ITEM.exec(lines[next]!);
    const isOne =
      found !== null &&
      /\d/.test(found[2]!) === isOrdered &&
      found[1]!.length < indent.length + NESTED;
    if (!isOne) break;
    const end = itemEnd(lines, next, found[1]!.length);
    items.push(itemOf({ ...place, at: next }, end, found[0].length));
    next = end;
    // Blank lines between two items are between them; after the last they are not the list's.
    let after = next;
    while (after < lines.length && isBlank(lines[after])) after += 1;
    if (after < lines.length && ITEM.test(lines[after]!)) next = after;
  }
  const start = isOrdered ? Number.parseInt(mark, 10) : undefined;
  return { block: { type: "list", start, items }, count: next - at };
}

function itemEnd(lines: readonly string[], at: number, indent: number): number {
  let end = at + 1;
  let isAfterBlank = false;
  for (let next = at + 1; next < lines.length; next++) {
    const line = lines[next]!;
    if (isBlank(line)) {
      isAfterBlank = true;
      continue;
    }
    const isNested = indentOf(line) >= indent + NESTED;
    const isLazy = !isAfterBlank && !startsBlock(line) && !ITEM.test(line);
    if (!isNested && !isLazy) break;
    isAfterBlank = false;
    end = next + 1;
  }
  return end;
}

function itemOf(place: Place, end: number, width: number): ListItem {
  const { lines, at } = place;
  const [first = "", ...others] = lines.slice(at, end);
  const text = first.slice(width);
  const task = /^\[([ xX])\](?: +|$)/.exec(text);
  const inner = [
    text.slice(task?.[0].length ?? 0),
    ...others.map((line) => unindented(line, width)),
  ];
  return {
    isDone: task === null ? undefined : task[1] !== " ",
    blocks: place.inner(inner, isLast(place, end - at)),
  };
}
