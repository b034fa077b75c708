import * as v from "valibot";

/** What the admin listener shows, as far as commands print it; fields that come later pass. */
export const RouteView = v.looseObject({
  clusterUuid: v.string(),
  group: v.string(),
  publicPort: v.optional(v.number()),
  updatedAt: v.number(),
  route: v.looseObject({
    host: v.string(),
    path: v.string(),
    path_type: v.string(),
    kind: v.string(),
    service: v.string(),
    namespace: v.string(),
    port: v.number(),
    mode: v.optional(v.string(), "tunnel"),
    policy: v.optional(v.looseObject({ deny: v.optional(v.array(v.string()), []) }), {}),
  }),
});
export type RouteView = v.InferOutput<typeof RouteView>;

export const ClaimView = v.looseObject({
  host: v.string(),
  group: v.string(),
  clusterUuid: v.string(),
  tokenId: v.string(),
  since: v.number(),
});

export const TunnelView = v.looseObject({
  tunnel: v.string(),
  cluster_uuid: v.string(),
  cluster: v.string(),
  names: v.optional(v.array(v.string()), []),
  agent_id: v.string(),
  state: v.string(),
  is_private: v.optional(v.nullable(v.boolean()), null),
  wanted_routes: v.optional(v.nullable(v.number()), null),
  address: v.string(),
  since: v.string(),
  stats: v.looseObject({}),
});
export type TunnelView = v.InferOutput<typeof TunnelView>;

export const RolloutView = v.looseObject({
  percent: v.number(),
  clusters: v.array(v.string()),
  fallback: v.nullable(v.string()),
  served: v.number(),
  of: v.number(),
});
export type RolloutView = v.InferOutput<typeof RolloutView>;

export const ReadyView = v.looseObject({ ready: v.boolean() });

const Said = v.object({ says: v.string() });

/** Everything that a domain needs beside a route. */
export const DomainView = v.looseObject({
  dns: v.looseObject({ ...Said.entries, leads_here: v.optional(v.boolean()) }),
  ownership: v.looseObject({
    ...Said.entries,
    record: v.optional(v.string()),
    proofs: v.optional(v.array(v.string())),
  }),
  claim: v.looseObject({
    ...Said.entries,
    host: v.optional(v.string()),
    group: v.optional(v.string()),
  }),
  certificate: v.looseObject({
    ...Said.entries,
    expires: v.optional(v.string()),
    acme: v.optional(v.looseObject({ again: v.optional(v.string()) })),
  }),
});
export type DomainView = v.InferOutput<typeof DomainView>;

export const WhyView = v.looseObject({
  url: v.string(),
  served: v.boolean(),
  status: v.optional(v.number()),
  code: v.optional(v.string()),
  message: v.optional(v.string()),
  redirect: v.optional(v.number()),
  domain: v.optional(DomainView),
  clusters: v.optional(
    v.array(
      v.looseObject({
        cluster_uuid: v.string(),
        cluster: v.optional(v.string()),
        direct: v.optional(
          v.looseObject({
            endpoint: v.string(),
            usable: v.boolean(),
            problem: v.optional(v.string()),
          }),
        ),
        agents: v.array(
          v.looseObject({ agent_id: v.string(), gateway: v.string(), usable: v.boolean() }),
        ),
      }),
    ),
    [],
  ),
});
export type WhyView = v.InferOutput<typeof WhyView>;
