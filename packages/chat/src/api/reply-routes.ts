import { ChatError } from "@warren/wire";
import { Hono } from "hono";
import { MOST_REPLIES, type CannedReply } from "../replies/ports.ts";
import type { ApiDeps, Env } from "./http.ts";
import { Reply } from "./people-shapes.ts";
import { readBody } from "./request-body.ts";
import { timeOf } from "./session-desk.ts";

/** Words that admins say often, shared by all of them. */
export function replyRoutes({ replies, newId, wallClock }: ApiDeps): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get("/admin/replies", async (c) => {
    c.set("route", "/admin/replies");
    const all = await replies.list();
    return c.json({ replies: all.map(replyOf), count: all.length });
  });
  routes.post("/admin/replies", async (c) => {
    c.set("route", "/admin/replies");
    const { userId: updatedBy } = c.get("identity");
    const said = await readBody(c, Reply);
    const reply = { id: newId(), ...said, updatedMs: wallClock(), updatedBy };
    if (await replies.add(reply)) return c.json(replyOf(reply), 201);
    throw new ChatError("CONFLICT", `there are ${MOST_REPLIES} replies: remove one first`);
  });
  routes.put("/admin/replies/:id", async (c) => {
    c.set("route", "/admin/replies/:replyID");
    const { userId: updatedBy } = c.get("identity");
    const said = await readBody(c, Reply);
    const reply = { id: c.req.param("id"), ...said, updatedMs: wallClock(), updatedBy };
    if (await replies.replace(reply)) return c.json(replyOf(reply));
    throw unknownReply();
  });
  routes.delete("/admin/replies/:id", async (c) => {
    c.set("route", "/admin/replies/:replyID");
    if (await replies.remove(c.req.param("id"))) return c.body(null, 204);
    throw unknownReply();
  });
  return routes;
}

function replyOf({ id, title, text, updatedMs, updatedBy }: CannedReply) {
  return { id, title, text, updated_at: timeOf(updatedMs), updated_by: updatedBy };
}

function unknownReply(): ChatError {
  return new ChatError("NOT_FOUND", "there is no such reply");
}
