import type { Publication } from "../../published.ts";

/** Objects whose status may be another now; routes as `routeId`, others as keys. */
export interface News {
  readonly routes: ReadonlySet<string>;
  readonly gateways: ReadonlySet<string>;
  /** Ingresses that lost a place to an older route, or got one back. */
  readonly ingresses: ReadonlySet<string>;
  /** Gateways that have more routes or fewer, or whose status somebody wrote: there is no hurry. */
  readonly counted: ReadonlySet<string>;
  readonly listenerSets: ReadonlySet<string>;
  /** BackendTLSPolicies. */
  readonly policies: ReadonlySet<string>;
  /** Names. */
  readonly classes: ReadonlySet<string>;
}

/** What is different since the last time. */
export interface Settled extends Omit<News, "classes"> {
  readonly put: readonly { readonly key: string; readonly publication: Publication }[];
  readonly remove: readonly string[];
}

/** What is gathered until it is asked for. */
export function nothingTold(): Record<
  "routes" | "gateways" | "counted" | "listenerSets",
  Set<string>
> {
  return { routes: new Set(), gateways: new Set(), counted: new Set(), listenerSets: new Set() };
}

const NONE: ReadonlySet<string> = new Set();
export const NO_NEWS: News = {
  routes: NONE,
  gateways: NONE,
  ingresses: NONE,
  counted: NONE,
  listenerSets: NONE,
  policies: NONE,
  classes: NONE,
};
