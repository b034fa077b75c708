import type { RequestHead } from "@warren/http";
import { CHALLENGE_PATH } from "../acme/challenges.ts";
import type { ErrorAnswer } from "../answers/error-answer.ts";
import type { FrontDeps } from "./front-context.ts";

const NOTHING = new Uint8Array(0);

/**
 * The answer to a CA that looks for a challenge of ours (RFC 8555 §8.3), before any route is looked
 * for; undefined for everything else: a challenge that a cluster answers takes the usual way.
 */
export function challengeAnswer(
  { challenges }: Pick<FrontDeps, "challenges">,
  { host, method, target }: RequestHead,
): Promise<ErrorAnswer | undefined> | undefined {
  if (challenges === undefined || !target.startsWith(CHALLENGE_PATH)) return undefined;
  if (method !== "GET" && method !== "HEAD") return undefined;
  const token = target.slice(CHALLENGE_PATH.length);
  return challenges.httpAnswer(host, token).then((text) => {
    if (text === undefined) return undefined;
    const body = Buffer.from(text);
    const fields = ["content-type", "application/octet-stream", "cache-control", "no-store"];
    fields.push("content-length", String(body.length));
    return { status: 200, fields, body: method === "HEAD" ? NOTHING : body };
  });
}
