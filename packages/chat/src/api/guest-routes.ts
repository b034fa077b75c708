import { ChatError } from "@warren/wire";
import { Hono } from "hono";
import type { GuestTokens } from "../auth/guest-tokens.ts";
import type { Identity } from "../auth/identity.ts";
import { requestToken } from "../auth/request-token.ts";
import { peerOf, tooMany, type ApiDeps, type Env } from "./http.ts";
import { timeOf } from "./session-desk.ts";

/** Tokens of visitors: a new guest's, or a fresh one for a guest who brings one that is still good. */
export function guestRoutes(deps: ApiDeps): Hono<Env> {
  const { guests, limits, wallClock, addressOf } = deps;
  const routes = new Hono<Env>();
  routes.post("/guest", async (c) => {
    c.set("route", "/guest");
    if (guests === undefined) throw new ChatError("FORBIDDEN", "this chat takes no visitors");
    const address = addressOf(peerOf(c), c.req.header("x-forwarded-for"));
    const waitMs = await limits.take("public", address);
    if (waitMs > 0) throw tooMany(waitMs);
    const nowMs = wallClock();
    const again = guestOf(guests, c.req.header("authorization"), nowMs);
    const { token, userId, expiresAtMs } = guests.mint(nowMs, again);
    c.header("Cache-Control", "no-store");
    return c.json({ token, user_id: userId, expires_at: timeOf(expiresAtMs) });
  });
  return routes;
}

/** Throws a ChatError for a token that is no guest's, or not good any more. */
function guestOf(
  guests: GuestTokens,
  authorization: string | undefined,
  nowMs: number,
): Identity | undefined {
  if (authorization === undefined) return undefined;
  const token = requestToken({ authorization, target: "/", isUpgrade: false }, false);
  return token === undefined ? undefined : guests.prove(token, nowMs);
}
