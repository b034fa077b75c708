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
  address: v.string(),
  since: v.string(),
  stats: v.looseObject({}),
});

export const RolloutView = v.looseObject({
  percent: v.number(),
  clusters: v.array(v.string()),
  fallback: v.nullable(v.string()),
  served: v.number(),
  of: v.number(),
});
export type RolloutView = v.InferOutput<typeof RolloutView>;

export const ReadyView = v.looseObject({ ready: v.boolean() });

export const WhyView = v.looseObject({
  url: v.string(),
  served: v.boolean(),
  status: v.optional(v.number()),
  code: v.optional(v.string()),
  redirect: v.optional(v.number()),
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
