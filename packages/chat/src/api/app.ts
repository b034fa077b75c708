import type { Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import type { Cors } from "../auth/cors.ts";
import type { Identity } from "../auth/identity.ts";
import type { MetricsAccess } from "../auth/client-address.ts";
import { requestToken, withoutQuery } from "../auth/request-token.ts";
import type { TokenVerifier } from "../auth/token-verifier.ts";
import type { LimitName, Limits } from "../connections/ports.ts";
import { adminRoutes } from "./admin-routes.ts";
import type { ApiEvents } from "./api-events.ts";
import { probeRoutes, type Readiness } from "./probe-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import type { SessionDesk } from "./session-desk.ts";

/** What a request carries from one handler to the next. */
export interface Env {
  Bindings: { incoming: { socket: { remoteAddress?: string } } };
  Variables: { identity: Identity; route: string };
}

export interface ApiDeps {
  desk: SessionDesk;
  verifier: TokenVerifier;
  limits: Limits;
  cors: Cors;
  readiness: () => Promise<Readiness>;
  metrics: { access: MetricsAccess; text: () => Promise<string>; contentType: string };
  /** Who asks, behind the proxies that are trusted. */
  addressOf: (peer: string, forwardedFor: string | undefined) => string;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  events: ApiEvents;
}

const HEADERS: readonly (readonly [string, string])[] = [
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "DENY"],
  ["Referrer-Policy", "strict-origin-when-cross-origin"],
  // As browsers that still know it are told today: its filter was itself a hole.
  ["X-XSS-Protection", "1; mode=block"],
];

/** The HTTP surface under one prefix, such as `/chat`. */
export function apiUnder(prefix: string, deps: ApiDeps): Hono<Env> {
  const api = new Hono<Env>();
  api.route("/", probeRoutes(deps));
  api.use("/sessions/*", signedIn(deps));
  api.use("/sessions", signedIn(deps));
  api.route("/", sessionRoutes(deps));
  api.use("/admin/*", signedIn(deps), adminOnly, limited(deps, "admin"));
  api.route("/", adminRoutes(deps));
  return new Hono<Env>().route(prefix === "/" ? "" : prefix, api);
}

/** Everything that is answered over HTTP. */
export function chatApp(prefixes: readonly string[], deps: ApiDeps): Hono<Env> {
  const app = new Hono<Env>();
  app.use(observed(deps));
  for (const prefix of new Set(prefixes)) app.route("/", apiUnder(prefix, deps));
  app.get("/health", (c) => c.json({ status: "healthy", timestamp: nowOf(deps) }));
  app.get("/metrics", (c) => metricsAnswer(c, deps));
  app.notFound((c) => refusal(c, new ChatError("NOT_FOUND", "there is nothing at this address")));
  app.onError((reason, c) => {
    const error = ChatError.from(reason);
    deps.events.failed(error);
    return refusal(c, error);
  });
  return app;
}

/** Every error has the same shape; what went wrong inside stays in the log. */
export function refusal(c: Context<Env>, error: ChatError): Response {
  const { code, message, http, retryAfterMs } = error;
  const isLimit = code === "RATE_LIMITED";
  if (retryAfterMs !== undefined) {
    c.header("Retry-After", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  }
  return c.json(
    {
      error: isLimit ? "rate_limit_exceeded" : message,
      code,
      message,
      ...(retryAfterMs !== undefined && { retry_after_ms: Math.ceil(retryAfterMs) }),
    },
    http as 400,
  );
}

export function limited({ limits }: ApiDeps, name: LimitName): MiddlewareHandler<Env> {
  return async (c, next) => {
    const waitMs = await limits.take(name, c.get("identity").userId);
    if (waitMs > 0) throw tooMany(waitMs);
    await next();
  };
}

export function tooMany(retryAfterMs: number): ChatError {
  return new ChatError("RATE_LIMITED", "too many requests: wait a moment", { retryAfterMs });
}

export function nowOf({ wallClock }: ApiDeps): string {
  return new Date(wallClock()).toISOString();
}

/** For direct peers of the networks that may see them, and for nobody through a proxy from elsewhere. */
export async function metricsAnswer(c: Context<Env>, { metrics }: ApiDeps): Promise<Response> {
  const isAllowed = metrics.access.allows({
    peer: peerOf(c),
    forwardedFor: c.req.header("x-forwarded-for"),
    forwarded: c.req.header("forwarded"),
  });
  if (!isAllowed) throw new ChatError("FORBIDDEN", "metrics are for the service's own network");
  return c.body(await metrics.text(), 200, { "Content-Type": metrics.contentType });
}

export function peerOf(c: Context<Env>): string {
  return c.env.incoming.socket.remoteAddress ?? "";
}

function observed({ cors, events, clock }: ApiDeps): MiddlewareHandler<Env> {
  return async (c, next) => {
    const since = clock.now();
    for (const [name, value] of HEADERS) c.header(name, value);
    const decision = cors.decide({
      method: c.req.method,
      origin: c.req.header("origin"),
      requestMethod: c.req.header("access-control-request-method"),
    });
    for (const [name, value] of decision.headers) c.header(name, value, { append: true });
    if (decision.kind === "answer") return c.body(null, decision.status);
    await next();
    const path = withoutQuery(c.req.path);
    const took = { method: c.req.method, path, status: c.res.status, ms: clock.now() - since };
    events.answered({ ...took, endpoint: c.get("route") ?? "" });
  };
}

function signedIn({ verifier }: ApiDeps): MiddlewareHandler<Env> {
  return async (c, next) => {
    const token = requestToken(
      { authorization: c.req.header("authorization"), target: c.req.url, isUpgrade: false },
      false,
    );
    if (token === undefined) {
      throw new ChatError("UNAUTHORIZED", "expected Authorization: Bearer and a token");
    }
    c.set("identity", await verifier.verify(token));
    await next();
  };
}

const adminOnly: MiddlewareHandler<Env> = async (c, next) => {
  if (!c.get("identity").isAdmin) throw new ChatError("FORBIDDEN", "this is for admins");
  await next();
};
