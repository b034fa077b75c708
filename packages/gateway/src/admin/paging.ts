import { WireError } from "@warren/wire";

export interface PageAsked {
  after: string | undefined;
  limit: number;
}

export interface Page<Item> {
  items: Item[];
  /** What to ask as `after` for what follows; null at the end. */
  next: string | null;
}

const LIMIT = { usual: 100, most: 1000 };

/** Reads `?after=...&limit=...`. Throws `bad_request` for a limit that is none. */
export function pageAsked(query: URLSearchParams): PageAsked {
  const said = query.get("limit") ?? String(LIMIT.usual);
  const limit = /^\d{1,9}$/.test(said) ? Number(said) : 0;
  if (limit === 0) throw new WireError("bad_request", "limit must be a number above 0");
  return { after: query.get("after") ?? undefined, limit: Math.min(limit, LIMIT.most) };
}

/** One page of a list that is at hand, in the order of its keys, which are unique. */
export function pageOf<Item>(
  all: readonly Item[],
  keyOf: (item: Item) => string,
  { after, limit }: PageAsked,
): Page<Item> {
  const keyed = all.map((item) => ({ key: keyOf(item), item }));
  const rest = keyed
    .filter(({ key }) => after === undefined || key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const shown = rest.slice(0, limit);
  const next = rest.length > limit ? (shown.at(-1)?.key ?? null) : null;
  return { items: shown.map(({ item }) => item), next };
}
