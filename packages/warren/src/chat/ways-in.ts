import { mintToken, type ChatOptions } from "@warren/chat";
import type { ConfigOf } from "@warren/host";
import type { Paint } from "../cli/terminal.ts";
import { tokenForm } from "./token-form.ts";

export interface WaysInOptions {
  config: ConfigOf<ChatOptions>;
  /** "" where tokens are signed elsewhere. */
  jwtSecret: string;
  /** Epoch milliseconds. */
  nowMs: number;
}

/** An address that somebody comes in by. */
export interface WayIn {
  /** What one does there. */
  readonly what: string;
  /** Below the origin: `/chat/chat.html#token=...`. */
  readonly path: string;
}

const LIFE_MS = 12 * 3_600_000;
const DEMO_USERS = [
  { what: "talk to it", page: "chat.html", user: { userId: "you", name: "You", roles: [] } },
  {
    what: "answer people",
    page: "admin.html",
    user: { userId: "ann", name: "Ann", roles: ["admin"] },
  },
];

/**
 * For trying out, a way in for a user and one for an admin, each with a token: in the address's fragment, which
 * browsers send to nobody. They are for the terminal alone, and for no log. None where it is served for real.
 */
export function waysIn(options: WaysInOptions): WayIn[] {
  const { config, jwtSecret } = options;
  if (!config.dev || !config.pages || jwtSecret === "") return [];
  const base = config.prefix === "/" ? "" : config.prefix;
  return DEMO_USERS.map(({ what, page, user }) => ({
    what,
    path: `${base}/${page}#token=${tokenOf(user, options)}`,
  }));
}

/** Each in a line that a terminal makes a link of. */
export function wayLines(ways: readonly WayIn[], origin: string, paint: Paint): string[] {
  if (ways.length === 0) return [];
  const lines = ways.flatMap(({ what, path }) => [
    `  ${paint("dim", `${what}:`)}`,
    `  ${paint("cyan", `${origin}${path}`)}`,
  ]);
  return [
    "",
    ...lines,
    "",
    paint("dim", "  (good for 12 hours; `warren chat token` makes others)"),
  ];
}

function tokenOf(
  user: { userId: string; name: string; roles: string[] },
  { config, jwtSecret, nowMs }: WaysInOptions,
): string {
  return mintToken({
    ...user,
    secret: jwtSecret,
    algorithm: "HS256",
    lifeMs: Math.min(LIFE_MS, config.tokenLife),
    nowMs,
    ...tokenForm(config),
  });
}
