import type { ClusterView } from "../cluster-view.ts";
import type { Ingress } from "../objects.ts";

/** `spec.controller` of the IngressClasses that are Warren's. */
export const WARREN_CONTROLLER = "warren.dev/ingress";
const LEGACY_CLASS = "kubernetes.io/ingress.class";

/** Which Ingresses are published. */
export interface IngressSelection {
  /** `all`: whatever their class. `class`: only Warren's own. */
  readonly select: "all" | "class";
  /** The class that is Warren's also where no IngressClass of that name exists. */
  readonly className: string;
  /** Undefined: every namespace. */
  readonly namespaces: readonly string[] | undefined;
}

export interface IngressOwner {
  /** Undefined: the Ingress names no class, and the cluster has no default. */
  readonly className: string | undefined;
  /** The class is Warren's: nobody else serves the Ingress or writes its status. */
  readonly isOurs: boolean;
}

/** The class that an Ingress names, or undefined. */
export function classNameOf({ metadata, spec }: Ingress): string | undefined {
  const named = spec?.ingressClassName ?? metadata.annotations?.[LEGACY_CLASS];
  return named === undefined || named === "" ? undefined : named;
}

/** Who serves an Ingress. An IngressClass object says whose it is; without one its name does. */
export function ownerOf(
  ingress: Ingress,
  view: Pick<ClusterView, "ingressClass" | "defaultIngressClass">,
  { className: ours }: IngressSelection,
): IngressOwner {
  const named = classNameOf(ingress);
  const found = named === undefined ? view.defaultIngressClass() : view.ingressClass(named);
  const className = named ?? found?.metadata.name;
  const isOurs =
    found === undefined ? className === ours : found.spec?.controller === WARREN_CONTROLLER;
  return { className, isOurs };
}

/** Namespaces of the system's own parts; what is in there is published only when it says so (G-125). */
export const SYSTEM_NAMESPACES: readonly string[] = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
];
