import type { Policy } from "@warren/wire";
import { onceFor } from "../../once-for.ts";
import { MOST_ANNOTATIONS, readAnnotations } from "../annotations/read.ts";
import { isForWarren, WARREN_PREFIX } from "../annotations/warren.ts";
import type { Annotations } from "../annotations/wishes.ts";
import type { TargetProtocol } from "../../target.ts";
import type { RouteObject } from "./objects.ts";

/** What a route's annotations ask for beside its fields (docs/annotations.md). */
export interface RouteWishes {
  readonly policy: Partial<Policy>;
  /** How Services are spoken to, whatever their ports say. */
  readonly protocol: TargetProtocol | undefined;
  /** False: nothing is published. */
  readonly publish: boolean;
  /** Namespaces that it lets in at its hosts. */
  readonly shareHost: readonly string[];
  /** Why the route cannot be taken as it stands; undefined when it can. */
  readonly problem: string | undefined;
}

/** Annotations that fields of a route are there for. */
const OF_INGRESSES = ["hosts", "rewrite"].map((name) => `${WARREN_PREFIX}${name}`);
/** What answers at a cluster's public endpoint is a controller of Ingresses. */
const NO_ENDPOINT = `annotation ${WARREN_PREFIX}mode: a route goes through the tunnel`;

/**
 * Warren's own annotations alone: those of other controllers belong to their own classes. One that
 * cannot be read refuses the route, since a misspelt one could open what it was to close; and so do very many.
 */
export function readWishes({ metadata }: RouteObject): RouteWishes {
  return read(metadata.annotations ?? {});
}

const read = onceFor((all: Annotations): RouteWishes => {
  const isMany = Object.keys(all).length > MOST_ANNOTATIONS;
  const own = isMany ? [] : Object.entries(all).filter(([name]) => isForWarren(name));
  const meant = isMany ? all : Object.fromEntries(own);
  const { wishes, problems, refusal } = readAnnotations(meant, "service");
  const strange = own.find(([name]) => OF_INGRESSES.includes(name));
  const { policy, protocol, publish, shareHost = [], mode = "tunnel" } = wishes;
  const problem =
    strange === undefined
      ? ((refusal ?? problems[0])?.message ?? (mode === "tunnel" ? undefined : NO_ENDPOINT))
      : `annotation ${strange[0]} is for Ingresses: a route has fields of its own for it`;
  return { policy, protocol, publish: publish !== false, shareHost, problem };
});
