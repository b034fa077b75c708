import { randomId } from "@warren/host";
import { ChatError } from "@warren/wire";
import { Hono } from "hono";
import { readQuery } from "./admin-query.ts";
import type { ApiDeps, Env } from "./http.ts";
import { readLoosely } from "./request-body.ts";

/** Characters of a name, as people count them. */
const LONGEST_NAME = 100;

/** What a user may see and do with the sessions that are theirs. */
export function sessionRoutes({ desk, wallClock }: ApiDeps): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get("/sessions", async (c) => {
    c.set("route", "/sessions");
    const { userId } = c.get("identity");
    const query = readQuery({ ...c.req.query(), user_id: userId }, wallClock());
    const { summaries, total, isCapped, next } = await desk.list(query);
    const count = summaries.length;
    return c.json({
      sessions: summaries,
      user_id: userId,
      count,
      limit: query.limit,
      total,
      truncated: count < total,
      ...(isCapped && { total_capped: true }),
      ...(next !== undefined && { next_cursor: next }),
    });
  });
  routes.get("/sessions/:id", async (c) => {
    c.set("route", "/sessions/:sessionID");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    const row = await desk.row(key);
    const shareToken = (await desk.options.tokensOf([key.sessionId])).get(key.sessionId);
    return c.json({
      id: key.sessionId,
      session_id: key.sessionId,
      name: await desk.name(row),
      model_id: row.modelId ?? "",
      ...(shareToken !== undefined && { share_token: shareToken }),
      messages: await desk.messages(identity, key),
    });
  });
  routes.patch("/sessions/:id", async (c) => {
    c.set("route", "/sessions/:sessionID");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    const name = readName(await readLoosely(c));
    const mark = { clientMessageId: `name:${randomId(12)}`, seen: undefined };
    await desk.options.talk.rename(identity, key, { ...mark, name });
    return c.json({ session_id: key.sessionId, name });
  });
  routes.post("/sessions/:id/end", async (c) => {
    c.set("route", "/sessions/:sessionID/end");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    await desk.options.talk.end(identity, key, { clientMessageId: "ended", seen: undefined });
    return c.json({ status: "ended" });
  });
  return routes;
}

function readName(body: unknown): string {
  const said = body as { name?: unknown } | null | undefined;
  const name = typeof said?.name === "string" ? said.name.trim() : "";
  if (name !== "" && name.isWellFormed() && !/\p{Cc}/u.test(name) && lengthOf(name) <= LONGEST_NAME)
    return name;
  throw new ChatError(
    "BAD_REQUEST",
    `expected a JSON body with a name of 1 to ${LONGEST_NAME} characters in one line`,
  );
}

/** By what a reader counts as a character. */
function lengthOf(text: string): number {
  // A cluster of code points has no bound of its own.
  if (text.length > 16 * LONGEST_NAME) return Infinity;
  return [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)].length;
}
