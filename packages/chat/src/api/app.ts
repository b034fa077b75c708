import { ChatError } from "@warren/wire";
import { Hono, type MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { requestToken } from "../auth/request-token.ts";
import { adminRoutes } from "./admin-routes.ts";
import { eventRoutes } from "./event-routes.ts";
import { guestRoutes } from "./guest-routes.ts";
import { documentRoutes } from "./document-routes.ts";
import { fileRoutes, uploadAlias } from "./file-routes.ts";
import { limited, metricsAnswer, nowOf, refusal, type ApiDeps, type Env } from "./http.ts";
import { meRoutes } from "./me-routes.ts";
import { ledTo, pageRoutes, widgetRoutes } from "./page-routes.ts";
import { keyRoutes } from "./key-routes.ts";
import { privacyRoutes } from "./privacy-routes.ts";
import { probeRoutes } from "./probe-routes.ts";
import { replyRoutes } from "./reply-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { shareRoutes } from "./share-routes.ts";

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
  const own = [signedIn(deps), limited(deps, "user")] as const;
  api.use("/me", ...own);
  api.route("/", meRoutes());
  api.route("/", documentRoutes(prefix));
  // Who asks without a handshake is asked for a token first, as with one.
  api.get("/ws", signedIn(deps), notUpgraded);
  api.use("/sessions/*", ...own);
  api.route("/", sessionRoutes(deps));
  api.use("/admin/*", signedIn(deps), adminOnly, limited(deps, "admin"));
  api.route("/", adminRoutes(deps));
  api.route("/", replyRoutes(deps));
  api.route("/", eventRoutes(deps));
  api.use("/guest/merge", signedIn(deps));
  api.route("/", guestRoutes(deps));
  api.route("/", keyRoutes(deps));
  api.route("/", fileRoutes(deps, signedIn(deps)));
  api.route("/", shareRoutes(deps, signedIn(deps)));
  api.route("/", privacyRoutes(deps, signedIn(deps)));
  return new Hono<Env>().route(prefix === "/" ? "" : prefix, api);
}

/** Everything that is answered over HTTP. */
export function chatApp(prefixes: readonly string[], deps: ApiDeps): Hono<Env> {
  const app = new Hono<Env>();
  app.use(observed(deps));
  for (const prefix of new Set(prefixes)) app.route("/", apiUnder(prefix, deps));
  if (deps.pages !== undefined) servePages(app, prefixes, deps.pages);
  app.get("/ws", notUpgraded);
  app.route("/", uploadAlias(deps, signedIn(deps)));
  return withRoots(app, deps);
}

/** The probes and metrics of the same, for a port of their own. */
export function probeApp(prefixes: readonly string[], deps: ApiDeps): Hono<Env> {
  const app = new Hono<Env>();
  app.use(observed(deps));
  for (const prefix of new Set(prefixes)) {
    app.route("/", new Hono<Env>().route(prefix === "/" ? "" : prefix, probeRoutes(deps)));
  }
  return withRoots(app, deps);
}

/** What has no prefix, and what is said where nothing is. */
function withRoots(app: Hono<Env>, deps: ApiDeps): Hono<Env> {
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

/** Under each prefix; at the root the way to the first, and the widget under its shortest address. */
function servePages(
  app: Hono<Env>,
  prefixes: readonly string[],
  pages: NonNullable<ApiDeps["pages"]>,
): void {
  for (const prefix of new Set(prefixes)) app.route("/", pageRoutes(prefix, pages));
  if (prefixes.includes("/")) return;
  app.route("/", widgetRoutes("", pages));
  app.all("/", (c) => ledTo(c, `${prefixes[0]}/`));
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
    // As it was routed and never as it came: paths hold share tokens and ids of users, which may be mail addresses.
    const path = matchedRoutes(c).at(-1)?.path ?? "";
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

/** An address of sockets that was asked for without a handshake. */
const notUpgraded: MiddlewareHandler<Env> = (c) => {
  c.set("route", "/ws");
  throw new ChatError("BAD_REQUEST", "expected a WebSocket handshake");
};

const adminOnly: MiddlewareHandler<Env> = async (c, next) => {
  if (!c.get("identity").isAdmin) throw new ChatError("FORBIDDEN", "this is for admins");
  await next();
};
