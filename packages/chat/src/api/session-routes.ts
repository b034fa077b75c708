import { Hono } from "hono";
import { queryAll } from "../sessions/query-all.ts";
import type { ApiDeps, Env } from "./http.ts";

/** Sessions in a list of one's own. */
const LIST = 100;

/** What a user may see and do with the sessions that are theirs. */
export function sessionRoutes({ desk, wallClock }: ApiDeps): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get("/sessions", async (c) => {
    c.set("route", "/sessions");
    const { userId } = c.get("identity");
    const { summaries, total } = await desk.list(
      queryAll({ userId, descending: true, limit: LIST, nowMs: wallClock() }),
    );
    const count = summaries.length;
    return c.json({
      sessions: summaries,
      user_id: userId,
      count,
      limit: LIST,
      total,
      truncated: count < total,
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
  routes.post("/sessions/:id/end", async (c) => {
    c.set("route", "/sessions/:sessionID/end");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    await desk.options.talk.end(identity, key, { clientMessageId: "ended", seen: undefined });
    return c.json({ status: "ended" });
  });
  return routes;
}
