import type { RequestHead } from "@warren/http";
import type { Policy } from "@warren/wire";
import { AFFINITY_COOKIE, CLIENT_COOKIE, cookieOf } from "./affinity-cookie.ts";

/** What keeps a request's client where it was. */
export interface Staying {
  /** The same with every request of the client: backends and pods are chosen by it. */
  readonly key: string;
  /** The affinity cookie's value, if the request had one. */
  readonly sticky: string | undefined;
  /** What agents hear of it, as a line of the head, or nothing. */
  readonly line: string;
  /** A name that the client is told with the answer, since it had none. */
  readonly newName: string | undefined;
}

export interface StayingClient {
  readonly head: Pick<RequestHead, "fields">;
  readonly address: string;
  /** Of the same request, which moves on under the same name. */
  readonly before: Staying | undefined;
  /** Makes a name that nobody else has. */
  readonly makeName: () => string;
}

/** As any `x-forwarded-` field it goes no further where a stranger says it. */
const CLIENT_FIELD = "x-forwarded-client";
const NAME = /^[\w-]{1,64}$/;
/** A tag of the cluster, and one of the agent (`StickyCookie`). */
const TAGS = /^[\w-]+\.[\w-]+$/;

/** For a route with affinity. */
export function stayingOf(
  { affinity }: Pick<Policy, "affinity">,
  { head: { fields }, address, before, makeName }: StayingClient,
): Staying {
  if (affinity !== "cookie")
    return { key: address, sticky: undefined, line: "", newName: undefined };
  const known = cookieOf(fields, CLIENT_COOKIE, NAME);
  const key = known ?? before?.newName ?? makeName();
  return {
    key,
    sticky: cookieOf(fields, AFFINITY_COOKIE, TAGS),
    line: `${CLIENT_FIELD}: ${key}\r\n`,
    newName: known === undefined ? key : undefined,
  };
}
