import type { IncomingMessage } from "node:http";
import type { Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { Context, MiddlewareHandler } from "hono";
import type { MetricsAccess } from "../auth/client-address.ts";
import type { Cors } from "../auth/cors.ts";
import type { Identity } from "../auth/identity.ts";
import type { TokenVerifier } from "../auth/token-verifier.ts";
import type { LimitName, Limits } from "../connections/ports.ts";
import { networkOf } from "../connections/whence.ts";
import type { AnswerRelay } from "../instances/answer-relay.ts";
import type { CannedReplies } from "../replies/ports.ts";
import type { Guests } from "../sessions/guests.ts";
import type { FileDesk } from "../files/file-desk.ts";
import type { FileLinks } from "../files/file-links.ts";
import type { KeyRotation } from "../keys/key-rotation.ts";
import type { Eraser } from "../privacy/eraser.ts";
import type { Exporter } from "../privacy/export.ts";
import type { ShareDesk } from "../shares/share-desk.ts";
import type { ApiEvents } from "./api-events.ts";
import type { PageRoutesOptions } from "./page-routes.ts";
import type { SessionDesk } from "./session-desk.ts";

/** How a dependency is. */
export interface Check {
  readonly status: "ready" | "not ready";
  readonly reason?: string;
  readonly providers_count?: number;
}

export interface Readiness {
  readonly isReady: boolean;
  readonly checks: Readonly<Record<string, Check>>;
}

/** What a request carries from one handler to the next. */
export interface Env {
  Bindings: { incoming: IncomingMessage };
  Variables: { identity: Identity; route: string };
}

export interface ApiDeps {
  desk: SessionDesk;
  replies: CannedReplies;
  newId: () => string;
  /** Takes events by which functions answer. */
  answers: Pick<AnswerRelay, "receive">;
  /** Undefined: there are no guests. */
  guests: Guests | undefined;
  files: FileDesk;
  links: FileLinks;
  shares: ShareDesk;
  exporter: Exporter;
  eraser: Eraser;
  rotation: KeyRotation;
  verifier: TokenVerifier;
  limits: Limits;
  cors: Cors;
  readiness: () => Promise<Readiness>;
  metrics: { access: MetricsAccess; text: () => Promise<string>; contentType: string };
  /** Who asks, behind the proxies that are trusted. */
  addressOf: (peer: string, forwardedFor: string | undefined) => string;
  /** Undefined: pages are served by somebody else, or not at all. */
  pages: PageRoutesOptions | undefined;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  events: ApiEvents;
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

export function limited(deps: ApiDeps, name: LimitName): MiddlewareHandler<Env> {
  return async (c, next) => {
    await take(deps, name, c.get("identity").userId);
    await next();
  };
}

async function take({ limits, events }: Limiting, name: LimitName, key: string): Promise<void> {
  const retryAfterMs = await limits.take(name, key);
  if (retryAfterMs === 0) return;
  events.limited(name);
  throw new ChatError("RATE_LIMITED", "too many requests: wait a moment", { retryAfterMs });
}

type Limiting = Pick<ApiDeps, "limits" | "events">;

/**
 * For what needs no token: by the network that asks, for whoever has one IPv6 address has very many. Rejects
 * with a ChatError (RATE_LIMITED).
 */
export async function takePublic(
  c: Context<Env>,
  deps: Limiting & Pick<ApiDeps, "addressOf">,
  name: "public" | "frame" = "public",
): Promise<void> {
  const address = networkOf(deps.addressOf(peerOf(c), c.req.header("x-forwarded-for")));
  await take(deps, name, name === "frame" ? `events:${address}` : address);
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
