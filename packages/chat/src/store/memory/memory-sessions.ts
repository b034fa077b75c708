import type { SessionKey } from "../../log/entry.ts";
import type { SessionRow } from "../../log/session-row.ts";
import { isSame, type Versions } from "../../log/versions.ts";
import { figuresOf } from "../../sessions/figures.ts";
import { pageOf, planList, traitsOf, type ListPlan } from "../../sessions/list-plan.ts";
import { byPlace, placeOf } from "../../sessions/order.ts";
import type { SessionPage, SessionQuery, Sessions } from "../../sessions/ports.ts";
import { checkSessionId, checkWindow, sessionIsTaken } from "../../sessions/refusals.ts";
import { metricsOf } from "./metrics-of-rows.ts";

/** Rows for one process that keeps nothing; every list and sum looks at all of them. */
export class MemorySessions implements Sessions {
  readonly #rows = new Map<string, SessionRow>();
  readonly #active = new Map<string, SessionKey>();

  async get(key: SessionKey): Promise<SessionRow | undefined> {
    return this.#row(key);
  }

  async find(sessionId: string): Promise<SessionKey | undefined> {
    const row = this.#rows.get(sessionId);
    return row && { userId: row.userId, sessionId };
  }

  async fold(row: SessionRow, was: Versions | undefined): Promise<boolean> {
    checkSessionId(row.sessionId);
    const stored = this.#rows.get(row.sessionId);
    if (stored !== undefined && stored.userId !== row.userId) throw sessionIsTaken();
    const isStill =
      stored === undefined || was === undefined ? stored === was : isSame(stored.versions, was);
    if (isStill) this.#rows.set(row.sessionId, row);
    return isStill;
  }

  async list(query: SessionQuery): Promise<SessionPage> {
    const plan = planList(query);
    const sign = plan.descending ? -1 : 1;
    const listed = [...this.#rows.values()]
      .filter((row) => isListed(row, plan))
      .map((row) => ({ row, place: placeOf(row, plan.sortBy, plan.nowMs) }))
      .sort((a, b) => sign * byPlace(a.place, b.place));
    const { after } = plan;
    const rows = listed
      .filter(({ place }) => after === undefined || sign * byPlace(place, after) > 0)
      .slice(plan.skip, plan.skip + plan.limit + 1)
      .map(({ row }) => row);
    return pageOf(plan, rows, listed.length);
  }

  async metrics(fromMs: number, toMs: number) {
    checkWindow(fromMs, toMs);
    return metricsOf([...this.#rows.values()].map(figuresOf), fromMs, toMs);
  }

  async active(userId: string): Promise<SessionKey | undefined> {
    const key = this.#active.get(userId);
    return key === undefined || this.#isOver(key) ? undefined : key;
  }

  async activate(
    userId: string,
    was: SessionKey | undefined,
    next: SessionKey | undefined,
  ): Promise<boolean> {
    const stored = this.#active.get(userId);
    const isStill =
      stored?.sessionId === was?.sessionId ||
      (was === undefined && stored !== undefined && this.#isOver(stored));
    if (!isStill) return false;
    if (next === undefined) this.#active.delete(userId);
    else this.#active.set(userId, { userId, sessionId: next.sessionId });
    return true;
  }

  async forget(key: SessionKey): Promise<void> {
    if (this.#row(key) !== undefined) this.#rows.delete(key.sessionId);
    const { userId, sessionId } = key;
    if (this.#active.get(userId)?.sessionId === sessionId) this.#active.delete(userId);
  }

  #row({ userId, sessionId }: SessionKey): SessionRow | undefined {
    const row = this.#rows.get(sessionId);
    return row?.userId === userId ? row : undefined;
  }

  #isOver(key: SessionKey): boolean {
    return this.#row(key)?.endMs !== undefined;
  }
}

function isListed(row: SessionRow, { userId, traits, fromMs, toMs }: ListPlan): boolean {
  const figures = figuresOf(row);
  if (userId !== undefined && row.userId !== userId) return false;
  if (figures.startMs < fromMs || figures.startMs > toMs) return false;
  return traits[traitsOf(figures)]!;
}
