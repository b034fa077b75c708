import type { HostClaim } from "../host-owners.ts";
import type { Publication } from "../../published.ts";
import type { Said } from "./conditions.ts";
import type { ParentReference, RouteKind } from "./objects.ts";

/** What no two routes of the cluster may both have. */
export interface Place {
  /** Tells places apart. */
  readonly name: string;
  /** Undefined for what is not HTTP. */
  readonly scheme: "http" | "https" | undefined;
  /** Of what is HTTPS: the name of the place that would take all TLS of its host away. */
  readonly beside: string | undefined;
}

/** A route that is to be published, unless an older one has its place. */
export interface Claim {
  /** As on the wire; undefined for what is not told apart by hosts. */
  readonly host: string | undefined;
  readonly places: readonly Place[];
  /** Why it is no route that gateways would take; undefined when it is one. */
  readonly problem: string | undefined;
  /** The publication for those of its places that it gets. */
  readonly publication: ((won: readonly Place[]) => Publication) | undefined;
}

/** What a route says to one of its parents. */
export interface ParentOutcome {
  readonly parentRef: ParentReference;
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  /** Names of the listeners that have taken it. */
  readonly listeners: readonly string[];
  readonly conditions: readonly Said[];
}

/** What becomes of a route, before it meets others. */
export interface RouteOutcome {
  readonly kind: RouteKind;
  readonly claims: readonly Claim[];
  /** It asks for more places than one object may have. */
  readonly isCut: boolean;
  /** Every host that it names to listeners that are served, also where it is not published. */
  readonly hosts: ReadonlyMap<string, HostClaim>;
  /** An annotation says that it is not to be published. */
  readonly isLeftOut: boolean;
  /** Gateways of ours alone. */
  readonly parents: readonly ParentOutcome[];
}
