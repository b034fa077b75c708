import type { Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import type { Erased, ErasedBy } from "../privacy/events.ts";
import { limited, type ApiDeps, type Env } from "./http.ts";
import { streamed } from "./streamed.ts";
import { unkept } from "./share-routes.ts";

/** An erasure that takes longer goes on, and whoever asked for it is told so. */
const PATIENCE_MS = 20_000;

/** What stays when all that a user had is erased. */
const KEPT = [
  "that these sessions were and were erased: their ids and the user id, so that nothing brings them back",
  "messages and private notes that this user wrote as an admin in sessions of others",
  "backups made before: what was said in these sessions cannot be read from them without a backup of the keys of that time",
  "that this user asked for a person: mails and short messages to admins name the user id",
  "what AI providers have in logs of their own, of which this service has no hold",
];

/** Export and erasure: of one's own by whoever has a token, of anybody's by admins. */
export function privacyRoutes(deps: ApiDeps, signedIn: MiddlewareHandler<Env>): Hono<Env> {
  const { eraser, desk } = deps;
  const routes = new Hono<Env>();
  const own = [signedIn, limited(deps, "privacy")] as const;
  routes.get("/me/export", ...own, (c) => {
    c.set("route", "/me/export");
    return exported(c, deps, c.get("identity").userId);
  });
  routes.delete("/me/data", ...own, (c) => {
    c.set("route", "/me/data");
    return erasedUser(c, deps, { userId: c.get("identity").userId, by: "user" });
  });
  // Both are behind an admin's token already.
  routes.get("/admin/users/:userID/export", (c) => {
    c.set("route", "/admin/users/:userID/export");
    return exported(c, deps, c.req.param("userID"));
  });
  routes.delete("/admin/users/:userID/data", (c) => {
    c.set("route", "/admin/users/:userID/data");
    return erasedUser(c, deps, { userId: c.req.param("userID"), by: "admin" });
  });
  // As often as files may be removed: who clears up has many.
  routes.delete("/sessions/:id", limited(deps, "upload"), async (c) => {
    c.set("route", "/sessions/:sessionID");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    const by = identity.userId === key.userId ? "user" : "admin";
    return told(c, deps.clock, eraser.session(key, by));
  });
  return routes;
}

function exported(c: Context<Env>, { exporter }: ApiDeps, userId: string): Response {
  // It tells of its failures itself.
  const body = streamed(c, exporter.of(userId), () => {});
  return unkept(c).body(body, 200, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Disposition": 'attachment; filename="chat-export.json"',
  });
}

async function erasedUser(
  c: Context<Env>,
  { eraser, clock }: ApiDeps,
  { userId, by }: { userId: string; by: ErasedBy },
): Promise<Response> {
  if (userId === "" || userId.length > 255) throw new ChatError("BAD_REQUEST", "no such user id");
  return told(c, clock, eraser.user(userId, by), { kept: KEPT });
}

async function told(
  c: Context<Env>,
  clock: Clock,
  erasing: Promise<Erased>,
  more: object = {},
): Promise<Response> {
  const late = Promise.withResolvers<"late">();
  const forget = clock.after(PATIENCE_MS, () => late.resolve("late"));
  // Whoever is told that it goes on is not told of a failure: it is gone on with by itself.
  erasing.catch(() => {});
  const erased = await Promise.race([erasing, late.promise]).finally(forget);
  if (erased === "late") return c.json({ status: "erasing", ...more }, 202);
  return c.json({ status: "erased", ...erased, ...more });
}
