import type { RequestHead } from "@warren/http";
import type { RouteFilters } from "../filters/route-filters.ts";
import type { ErrorAnswer } from "../answers/error-answer.ts";

const NOTHING = new Uint8Array(0);
const HEALTHY = Buffer.from('{"status":"ok"}\n');
const LEAVING = Buffer.from('{"status":"unavailable"}\n');

/** For balancers in front that know no admin listener. */
export function healthAnswer(ready: boolean, method: string): ErrorAnswer {
  const body = ready ? HEALTHY : LEAVING;
  const fields = ["content-type", "application/json", "cache-control", "no-store"];
  fields.push("content-length", String(body.length));
  return { status: ready ? 200 : 503, fields, body: method === "HEAD" ? NOTHING : body };
}

/** To the same URL over TLS; 308 keeps the method and the body (RFC 9110 §15.4.9). */
export function httpsAnswer(head: RequestHead, port: number, requestId: string): ErrorAnswer {
  const target = head.target === "*" ? "/" : head.target;
  const authority = port === 443 ? head.host : `${head.host}:${port}`;
  const fields = ["location", `https://${authority}${target}`, "content-length", "0"];
  fields.push("x-request-id", requestId);
  return { status: 308, fields, body: NOTHING };
}

/** What a route's redirect says, with the fields that the route's filter adds. */
export function redirectAnswer(
  { redirect, response }: RouteFilters,
  { head, requestId }: { head: RequestHead; requestId: string },
  secure: boolean,
): ErrorAnswer {
  const { status } = redirect!;
  const said = ["location", redirect!.location(head, secure), "x-request-id", requestId];
  const fields = response?.fields(said) ?? said;
  return { status, fields: [...fields, "content-length", "0"], body: NOTHING };
}

/** For a cluster that is not served here yet: where it was served before, for the moment. `{host}` is the one asked for. */
export function fallbackAnswer(
  origin: string,
  { head, requestId }: { head: RequestHead; requestId: string },
): ErrorAnswer {
  const target = head.target === "*" ? "/" : head.target;
  const to = origin.replaceAll("{host}", head.host);
  const fields = ["location", `${to}${target}`, "content-length", "0"];
  fields.push("cache-control", "no-store", "x-request-id", requestId);
  return { status: 307, fields, body: NOTHING };
}
