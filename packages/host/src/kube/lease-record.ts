import { isDeepStrictEqual } from "node:util";
import type { Lease } from "./resources.ts";

/** `metav1.MicroTime`: RFC 3339 with six digits of the second, no more and no fewer. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.(\d{3})Z$/, ".$1000Z");
}

/** Whether nobody has written between: what counts is that it changes, not what time it says. */
export function sameTerm(before: Lease | undefined, after: Lease | undefined): boolean {
  return (
    before?.metadata.uid === after?.metadata.uid && isDeepStrictEqual(before?.spec, after?.spec)
  );
}
