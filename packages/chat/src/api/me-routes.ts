import { Hono } from "hono";
import type { Env } from "./http.ts";
import { timeOf } from "./session-desk.ts";

/** Who one is, as the service reads the token: a page need not know which claims say that. */
export function meRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get("/me", (c) => {
    c.set("route", "/me");
    const { userId, name, isAdmin, guest, expiresAtMs } = c.get("identity");
    return c.json({
      user_id: userId,
      name,
      is_admin: isAdmin,
      is_guest: guest,
      expires_at: timeOf(expiresAtMs),
    });
  });
  return routes;
}
