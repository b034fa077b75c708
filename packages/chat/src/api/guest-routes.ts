import { ChatError } from "@warren/wire";
import { Hono, type MiddlewareHandler } from "hono";
import * as v from "valibot";
import { requestToken } from "../auth/request-token.ts";
import { takePublic, type ApiDeps, type Env } from "./http.ts";
import { readBody, Words } from "./request-body.ts";
import { timeOf } from "./session-desk.ts";

const Merge = v.object({ guest_token: Words(8_192) });

/** Visitors without an account: a token for a device, and what they said for whom they turn out to be. */
export function guestRoutes(deps: ApiDeps): Hono<Env> {
  const { guests } = deps;
  const routes = new Hono<Env>();
  if (guests === undefined) {
    routes.on("POST", ["/guest", "/guest/merge"], (c) => {
      c.set("route", "/guest");
      throw new ChatError("FORBIDDEN", "this chat takes no visitors");
    });
    return routes;
  }
  routes.use("/guest", byAddress(deps));
  routes.use("/guest/merge", byAddress(deps));
  routes.post("/guest", (c) => {
    c.set("route", "/guest");
    const authorization = c.req.header("authorization");
    const former = requestToken({ authorization, target: c.req.url, isUpgrade: false }, false);
    const { token, userId, expiresAtMs } = guests.token(former);
    c.header("Cache-Control", "no-store");
    return c.json({ token, user_id: userId, expires_at: timeOf(expiresAtMs) });
  });
  routes.post("/guest/merge", async (c) => {
    c.set("route", "/guest/merge");
    const identity = c.get("identity");
    const { guest_token: token } = await readBody(c, Merge);
    const merged = await guests.merge(identity, token);
    return c.json({
      user_id: identity.userId,
      sessions: merged.map(({ from, to }) => ({ from, session_id: to })),
    });
  });
  return routes;
}

function byAddress(deps: ApiDeps): MiddlewareHandler<Env> {
  return async (c, next) => {
    await takePublic(c, deps);
    await next();
  };
}
