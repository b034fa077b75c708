import { ChatError } from "@warren/wire";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import type { OpenLink } from "../shares/share-desk.ts";
import { sharedMessage } from "../shares/shared-session.ts";
import { limited, takePublic, type ApiDeps, type Env } from "./http.ts";
import { readLoosely } from "./request-body.ts";
import { timeOf } from "./session-desk.ts";

/** Links by which others may read a session. */
export function shareRoutes(deps: ApiDeps, signedIn: MiddlewareHandler<Env>): Hono<Env> {
  const { shares, desk } = deps;
  const routes = new Hono<Env>();
  // `/sessions/*` is behind a token already.
  routes.post("/sessions/:id/share", async (c) => {
    c.set("route", "/sessions/:sessionID/share");
    const identity = c.get("identity");
    const key = await desk.find(identity, c.req.param("id"));
    return unkept(c).json(linkOf(await shares.share(identity, key, await lifeIn(c))));
  });
  routes.delete("/sessions/:id/share", async (c) => {
    c.set("route", "/sessions/:sessionID/share");
    const key = await desk.find(c.get("identity"), c.req.param("id"));
    if (!(await shares.revoke(key))) {
      throw new ChatError("NOT_FOUND", "this session is not shared");
    }
    return c.json({ status: "revoked" });
  });
  routes.get("/shares", signedIn, limited(deps, "user"), async (c) => {
    c.set("route", "/shares");
    const links = await shares.list(c.get("identity"));
    return unkept(c).json({ shares: links.map(linkOf), count: links.length });
  });
  routes.get("/shared/:token", (c) => shared(c, deps));
  return routes;
}

/** What anybody gets who has the link: what was said, without notes. */
async function shared(c: Context<Env>, deps: ApiDeps): Promise<Response> {
  c.set("route", "/shared/:shareToken");
  await takePublic(c, deps);
  const { shares, desk, links } = deps;
  const link = await shares.read(c.req.param("token") ?? "");
  const row = await desk.row(link);
  const spoken = await desk.spoken(link);
  const scope = `share:${link.id}`;
  c.header("X-Robots-Tag", "noindex");
  return unkept(c).json({
    session_id: link.sessionId,
    name: await desk.name(row),
    expires_at: timeOf(link.expiresAtMs),
    messages: spoken
      .filter(({ said }) => said.isNote !== true)
      .map((one) => sharedMessage(one, links, scope)),
  });
}

/** Nothing of it is kept on the way: the link in it opens what was said, and may be taken back. */
export function unkept(c: Context<Env>): Context<Env> {
  c.header("Cache-Control", "no-store");
  return c;
}

function linkOf({ token, sessionId, createdAtMs, expiresAtMs }: OpenLink) {
  return {
    share_token: token,
    session_id: sessionId,
    created_at: timeOf(createdAtMs),
    expires_at: timeOf(expiresAtMs),
  };
}

/** `expires_in` seconds of a JSON body; clients of old send none, or what they like. */
async function lifeIn(c: Context<Env>): Promise<number | undefined> {
  const said = await readLoosely(c);
  const seconds = (said as Record<string, unknown> | null | undefined)?.["expires_in"];
  if (seconds === undefined || seconds === null) return undefined;
  if (typeof seconds === "number" && Number.isFinite(seconds)) return seconds * 1_000;
  throw new ChatError("BAD_REQUEST", "expires_in must be a number of seconds");
}
