import { isDeepStrictEqual } from "node:util";
import type { JudgedListener } from "./listeners.ts";

interface Judged {
  readonly listeners: readonly JudgedListener[];
}

/** What routes see of a Gateway: a certificate that was renewed is nothing to them. */
export function isSameToRoutes(one: Judged | undefined, other: Judged | undefined): boolean {
  const seen = ({ listeners }: Judged) =>
    listeners.map(({ listener, kind, supported, programmed }) => [
      listener,
      kind,
      supported,
      programmed,
    ]);
  if (one === undefined || other === undefined) return one === other;
  return isDeepStrictEqual(seen(one), seen(other));
}
