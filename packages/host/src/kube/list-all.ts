import type { Listed } from "./client.ts";
import { isExpired } from "./kube-error.ts";
import type { KubeObject, Select } from "./object.ts";
import { selectorsOf, type Query } from "./path.ts";

/** Objects of a page (client-go, `pager`). */
const PAGE = 500;
/** Lists begun in pages before all is asked for at once, which cannot expire half-way. */
const MOST_PAGED = 2;

interface Page<T> {
  items?: T[] | null;
  metadata: { resourceVersion: string; continue?: string };
}

type Ask = (query: Query) => Promise<unknown>;

/** Every object, each given to `trim` before the next page is asked for. */
export async function listAll<T extends KubeObject>(
  ask: Ask,
  select: Select,
  trim: (object: T) => T,
): Promise<Listed<T>> {
  for (let begun = 1; ; begun += 1) {
    const limit = begun <= MOST_PAGED ? String(PAGE) : undefined;
    try {
      return await paged(ask, { ...selectorsOf(select), limit }, trim);
    } catch (error) {
      if (!isExpired(error) || limit === undefined) throw error;
    }
  }
}

async function paged<T extends KubeObject>(
  ask: Ask,
  query: Query,
  trim: (object: T) => T,
): Promise<Listed<T>> {
  const items: T[] = [];
  let next: string | undefined;
  for (;;) {
    const page = (await ask({ ...query, continue: next })) as Page<T>;
    for (const item of page.items ?? []) items.push(trim(item));
    next = page.metadata.continue;
    if (next === undefined || next === "") {
      return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }
}
