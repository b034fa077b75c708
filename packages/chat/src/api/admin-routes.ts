import { Hono } from "hono";
import * as v from "valibot";
import { isName, isUserId } from "../auth/identity.ts";
import { readCount, readPoints, readQuery, readWindow } from "./admin-query.ts";
import type { ApiDeps, Env } from "./http.ts";
import { Note } from "./people-shapes.ts";
import { readBody } from "./request-body.ts";
import { timeOf, type SessionDesk } from "./session-desk.ts";

/** Who a session is handed to. */
const Successor = v.object({
  admin_id: v.pipe(
    v.string(),
    v.check((said: string) => isUserId(said)),
  ),
  admin_name: v.optional(
    v.pipe(
      v.string(),
      v.check((said: string) => isName(said)),
      v.maxLength(100),
    ),
  ),
});
/** Of those who wait, how many are shown. */
const QUEUE = 100;
const MOST_QUEUE = 1_000;

/** For admins: every session, the sums over them, and who answers. */
export function adminRoutes(deps: ApiDeps): Hono<Env> {
  const routes = new Hono<Env>();
  routes.route("/", overviewRoutes(deps));
  routes.route("/", controlRoutes(deps));
  return routes;
}

function overviewRoutes({ desk, wallClock }: ApiDeps): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get("/admin/sessions", async (c) => {
    c.set("route", "/admin/sessions");
    const query = readQuery(c.req.query(), wallClock());
    const { summaries, total, isCapped, next } = await desk.list(query);
    const { limit, from } = query;
    return c.json({
      sessions: summaries,
      count: summaries.length,
      limit,
      offset: "offset" in from ? from.offset : 0,
      total,
      ...(isCapped && { total_capped: true }),
      ...(next !== undefined && { next_cursor: next }),
    });
  });
  routes.get("/admin/sessions/:id", async (c) => {
    c.set("route", "/admin/sessions/:sessionID");
    const key = await desk.find(c.get("identity"), c.req.param("id"));
    return c.json(await desk.summaryOf(key));
  });
  routes.get("/admin/users/:userID/sessions", async (c) => {
    c.set("route", "/admin/users/:userID/sessions");
    const query = readQuery({ ...c.req.query(), user_id: c.req.param("userID") }, wallClock());
    return c.json((await desk.list(query)).summaries);
  });
  routes.get("/admin/metrics", async (c) => {
    c.set("route", "/admin/metrics");
    const { fromMs, toMs } = readWindow(c.req.query(), wallClock());
    const points = readPoints(c.req.query("points"));
    const [sums, series] = await Promise.all([
      desk.metrics(fromMs, toMs),
      Promise.all(pieces(fromMs, toMs, points).map((piece) => pointOf(desk, piece))),
    ]);
    return c.json({
      ...flatMetrics(sums),
      time_range: { start: timeOf(fromMs), end: timeOf(toMs) },
      ...(points > 0 && { series }),
    });
  });
  routes.get("/admin/queue", async (c) => {
    c.set("route", "/admin/queue");
    const most = Math.min(readCount("limit", c.req.query("limit"), QUEUE) || QUEUE, MOST_QUEUE);
    const { queue, total } = await desk.waiting(most);
    return c.json({ queue, count: queue.length, total });
  });
  return routes;
}

/** Who answers, and what admins say among themselves. */
function controlRoutes({ desk, newId }: ApiDeps): Hono<Env> {
  const { takeovers, talk } = desk.options;
  const routes = new Hono<Env>();
  routes.post("/admin/takeover/:id", async (c) => {
    c.set("route", "/admin/takeover/:sessionID");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    await takeovers.take(identity, key);
    const message = "the session is yours";
    return c.json({ message, session_id: key.sessionId, admin_id: identity.userId });
  });
  for (const path of ["/admin/leave/:id", "/admin/takeover/:id/leave"]) {
    routes.post(path, async (c) => {
      c.set("route", path.replace(":id", ":sessionID"));
      const identity = c.get("identity");
      const key = await desk.find(identity, c.req.param("id") ?? "");
      await takeovers.leave(identity, key);
      return c.json({ message: "the AI answers again", session_id: key.sessionId });
    });
  }
  routes.post("/admin/transfer/:id", async (c) => {
    c.set("route", "/admin/transfer/:sessionID");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    const { admin_id: userId, admin_name: name = userId } = await readBody(c, Successor);
    const to = { userId, name };
    await takeovers.transfer(identity, key, to);
    return c.json({ message: "handed on", session_id: key.sessionId, admin_id: to.userId });
  });
  routes.post("/admin/notes/:id", async (c) => {
    c.set("route", "/admin/notes/:sessionID");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    const { content: text, client_message_id = `server:${newId()}` } = await readBody(c, Note);
    const mark = { clientMessageId: client_message_id, seen: undefined };
    const { said } = await talk.note(identity, key, { ...mark, text });
    return c.json({ session_id: key.sessionId, message_id: said.messageId }, 201);
  });
  return routes;
}

interface Sums {
  totalSessions: number;
  activeSessions: number;
  totalTokens: number;
  cost: number;
  avgResponseMs: number;
  maxResponseMs: number;
  adminAssisted: number;
  avgConcurrent: number;
  maxConcurrent: number;
}

interface Piece {
  fromMs: number;
  toMs: number;
}

/** A window cut into as many parts; none where it is shorter than that. */
function pieces(fromMs: number, toMs: number, count: number): Piece[] {
  const lengthMs = toMs + 1 - fromMs;
  if (lengthMs < count) return [];
  const at = (index: number) => fromMs + Math.floor((lengthMs * index) / count);
  return Array.from({ length: count }, (_, i) => ({ fromMs: at(i), toMs: at(i + 1) - 1 }));
}

async function pointOf(desk: SessionDesk, { fromMs, toMs }: Piece) {
  const sums = await desk.metrics(fromMs, toMs);
  const { metrics: _twice, ...flat } = flatMetrics(sums);
  return { start: timeOf(fromMs), end: timeOf(toMs), ...flat };
}

/** In both shapes that clients read. */
function flatMetrics(sums: Sums) {
  return {
    active_sessions: sums.activeSessions,
    total_sessions: sums.totalSessions,
    avg_concurrent: Math.round(sums.avgConcurrent * 100) / 100,
    // The mean of the fullest hour: at some moment in it at least so many went on.
    max_concurrent: Math.ceil(sums.maxConcurrent),
    total_tokens: sums.totalTokens,
    total_cost: sums.cost / 1_000_000,
    avg_response_time: sums.avgResponseMs,
    max_response_time: sums.maxResponseMs,
    admin_assisted_count: sums.adminAssisted,
    metrics: {
      TotalSessions: sums.totalSessions,
      ActiveSessions: sums.activeSessions,
      TotalTokens: sums.totalTokens,
      AvgResponseTime: sums.avgResponseMs,
      MaxResponseTime: sums.maxResponseMs,
      AdminAssistedCount: sums.adminAssisted,
    },
  };
}
