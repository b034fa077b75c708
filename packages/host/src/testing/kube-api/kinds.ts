import type { Resource } from "../../kube/object.ts";

/** A resource as the server serves it. */
export interface Kind extends Resource {
  /** Others of the same objects (`v1beta1`), besides `version`. */
  readonly versions: readonly string[];
  readonly shortNames: readonly string[];
  readonly singular: string;
  /** Whether /status is one of its own. */
  readonly hasStatus: boolean;
  /** Whether `metadata.generation` counts changes of what is wanted. */
  readonly hasGeneration: boolean;
  /** Whether a PUT without a resourceVersion is taken (rest.RESTUpdateStrategy, AllowUnconditionalUpdate). */
  readonly unconditional: boolean;
  /** Of a CustomResourceDefinition: no strategic merge patch. */
  readonly custom: boolean;
}

interface Said {
  plural: string;
  kind: string;
  namespaced?: false;
  shortNames?: string[];
  hasStatus?: true;
  hasGeneration?: true;
  unconditional?: false;
}

/** What clusters have and the kinds of our manifests need. */
const BUILT_IN: Record<string, Said[]> = {
  v1: [
    { plural: "services", kind: "Service", shortNames: ["svc"], hasStatus: true },
    { plural: "secrets", kind: "Secret" },
    { plural: "configmaps", kind: "ConfigMap", shortNames: ["cm"] },
    { plural: "pods", kind: "Pod", shortNames: ["po"], hasStatus: true },
    { plural: "events", kind: "Event", shortNames: ["ev"] },
    { plural: "endpoints", kind: "Endpoints", shortNames: ["ep"] },
    { plural: "serviceaccounts", kind: "ServiceAccount", shortNames: ["sa"] },
    { plural: "limitranges", kind: "LimitRange", shortNames: ["limits"] },
    { plural: "resourcequotas", kind: "ResourceQuota", shortNames: ["quota"], hasStatus: true },
    {
      plural: "persistentvolumeclaims",
      kind: "PersistentVolumeClaim",
      shortNames: ["pvc"],
      hasStatus: true,
    },
    {
      plural: "namespaces",
      kind: "Namespace",
      namespaced: false,
      shortNames: ["ns"],
      hasStatus: true,
    },
    { plural: "nodes", kind: "Node", namespaced: false, shortNames: ["no"], hasStatus: true },
  ],
  "apps/v1": [
    {
      plural: "deployments",
      kind: "Deployment",
      shortNames: ["deploy"],
      hasStatus: true,
      hasGeneration: true,
    },
    {
      plural: "statefulsets",
      kind: "StatefulSet",
      shortNames: ["sts"],
      hasStatus: true,
      hasGeneration: true,
    },
    {
      plural: "daemonsets",
      kind: "DaemonSet",
      shortNames: ["ds"],
      hasStatus: true,
      hasGeneration: true,
    },
    {
      plural: "replicasets",
      kind: "ReplicaSet",
      shortNames: ["rs"],
      hasStatus: true,
      hasGeneration: true,
    },
  ],
  "batch/v1": [
    { plural: "jobs", kind: "Job", hasStatus: true, hasGeneration: true },
    {
      plural: "cronjobs",
      kind: "CronJob",
      shortNames: ["cj"],
      hasStatus: true,
      hasGeneration: true,
    },
  ],
  "autoscaling/v2": [
    {
      plural: "horizontalpodautoscalers",
      kind: "HorizontalPodAutoscaler",
      shortNames: ["hpa"],
      hasStatus: true,
    },
  ],
  "policy/v1": [
    {
      plural: "poddisruptionbudgets",
      kind: "PodDisruptionBudget",
      shortNames: ["pdb"],
      hasStatus: true,
      hasGeneration: true,
    },
  ],
  "networking.k8s.io/v1": [
    {
      plural: "ingresses",
      kind: "Ingress",
      shortNames: ["ing"],
      hasStatus: true,
      hasGeneration: true,
    },
    { plural: "ingressclasses", kind: "IngressClass", namespaced: false, hasGeneration: true },
    {
      plural: "networkpolicies",
      kind: "NetworkPolicy",
      shortNames: ["netpol"],
      hasGeneration: true,
    },
  ],
  "discovery.k8s.io/v1": [{ plural: "endpointslices", kind: "EndpointSlice", hasGeneration: true }],
  "coordination.k8s.io/v1": [{ plural: "leases", kind: "Lease", unconditional: false }],
  "events.k8s.io/v1": [{ plural: "events", kind: "Event" }],
  "rbac.authorization.k8s.io/v1": [
    { plural: "roles", kind: "Role" },
    { plural: "rolebindings", kind: "RoleBinding" },
    { plural: "clusterroles", kind: "ClusterRole", namespaced: false },
    { plural: "clusterrolebindings", kind: "ClusterRoleBinding", namespaced: false },
  ],
  "scheduling.k8s.io/v1": [
    {
      plural: "priorityclasses",
      kind: "PriorityClass",
      namespaced: false,
      hasGeneration: true,
      shortNames: ["pc"],
    },
  ],
  "apiextensions.k8s.io/v1": [
    {
      plural: "customresourcedefinitions",
      kind: "CustomResourceDefinition",
      namespaced: false,
      shortNames: ["crd"],
      hasStatus: true,
      hasGeneration: true,
      unconditional: false,
    },
  ],
};

function builtIn(apiVersion: string, said: Said): Kind {
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  return {
    group,
    version,
    versions: [version],
    plural: said.plural,
    kind: said.kind,
    namespaced: said.namespaced ?? true,
    singular: said.kind.toLowerCase(),
    shortNames: said.shortNames ?? [],
    hasStatus: said.hasStatus ?? false,
    hasGeneration: said.hasGeneration ?? false,
    unconditional: said.unconditional ?? true,
    custom: false,
  };
}

export const BUILT_IN_KINDS: readonly Kind[] = Object.entries(BUILT_IN).flatMap(
  ([apiVersion, kinds]) => kinds.map((said) => builtIn(apiVersion, said)),
);

/** A kind that a CustomResourceDefinition would bring; every one has a status. */
export function customKind(resource: Resource, said: Partial<Kind> = {}): Kind {
  return {
    ...resource,
    versions: [resource.version],
    singular: resource.kind.toLowerCase(),
    shortNames: [],
    hasStatus: true,
    hasGeneration: true,
    unconditional: false,
    custom: true,
    ...said,
  };
}

/** What a resource is told apart by: `ingresses.networking.k8s.io`, `services`. */
export function kindKey({ group, plural }: Pick<Resource, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}
