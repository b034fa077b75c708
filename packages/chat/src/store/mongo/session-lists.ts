import type { Collection, Document, Filter } from "mongodb";
import type { SessionRow } from "../../log/session-row.ts";
import { TOTAL_COUNTED, type ListPlan } from "../../sessions/list-plan.ts";
import { byPlace, type Place } from "../../sessions/order.ts";
import { rowOf, type SessionDocument } from "./session-document.ts";
import { countFilter, findsOf, sortOf, type SessionFind } from "./session-finds.ts";

/** Rows of the page, and one more if there is one. */
export async function listed(
  sessions: Collection<SessionDocument>,
  plan: ListPlan,
): Promise<SessionRow[]> {
  const finds = findsOf(plan);
  if (finds.length !== 1) return merged(sessions, plan, finds);
  const [find] = finds as [SessionFind];
  const documents = await sessions
    .find(find.filter)
    .sort(sortOf(find))
    .skip(plan.skip)
    .limit(plan.limit + 1)
    .toArray();
  return documents.map(rowOf);
}

/** Up to one more than totals are exact. */
export function countListed(
  sessions: Collection<SessionDocument>,
  plan: ListPlan,
): Promise<number> {
  return sessions.countDocuments(countFilter(plan), { limit: TOTAL_COUNTED + 1 });
}

const PLACED = { _id: 0, user_id: 1, session_id: 1, start_time: 1, duration_ms: 1 } as const;

interface Placed extends Place {
  readonly userId: string;
}

/** The page of several ordered lists in one: first where rows stand, then those of the page. */
async function merged(
  sessions: Collection<SessionDocument>,
  plan: ListPlan,
  finds: readonly SessionFind[],
): Promise<SessionRow[]> {
  const end = plan.skip + plan.limit + 1;
  const lists = finds.map(async (find) => {
    const asked = sessions.find(find.filter, { projection: PLACED });
    return (await asked.sort(sortOf(find)).limit(end).toArray()).map((one) => placed(one, plan));
  });
  const sign = plan.descending ? -1 : 1;
  const page = (await Promise.all(lists))
    .flat()
    .sort((a, b) => sign * byPlace(a, b))
    .slice(plan.skip, end);
  return rowsAt(sessions, page);
}

function placed(
  { user_id, session_id, start_time, duration_ms }: Document,
  plan: ListPlan,
): Placed {
  const value = duration_ms ?? plan.nowMs - (start_time as Date).getTime();
  return { value, sessionId: session_id, userId: user_id };
}

async function rowsAt(
  sessions: Collection<SessionDocument>,
  places: readonly Placed[],
): Promise<SessionRow[]> {
  if (places.length === 0) return [];
  const filter: Filter<SessionDocument> = {
    user_id: { $in: [...new Set(places.map(({ userId }) => userId))] },
    session_id: { $in: places.map(({ sessionId }) => sessionId) },
  };
  const documents = await sessions.find(filter).toArray();
  const byId = new Map(documents.map((document) => [document.session_id, document]));
  // One that was forgotten meanwhile is left out.
  return places.flatMap(({ sessionId }) => byId.get(sessionId) ?? []).map(rowOf);
}
