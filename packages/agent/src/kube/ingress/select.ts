import type { ClusterView, Problem } from "../cluster-view.ts";
import { CONTROLLER_SERVICE } from "../controller-index.ts";
import type { Ingress, IngressClass } from "../objects.ts";

/** `spec.controller` of the IngressClasses that are Warren's; of a second installation with `/` and its class behind it. */
export const WARREN_CONTROLLER = "warren.dev/ingress";
const USUAL_CLASS = "warren";
/** On an IngressClass: whether what is of it may be published. */
const PUBLISH = "warren.dev/publish";
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

/** The IngressClass that an Ingress names, or else the default. */
export function ingressClassOf(
  ingress: Ingress,
  view: Pick<ClusterView, "ingressClass" | "defaultIngressClass">,
): IngressClass | undefined {
  const named = classNameOf(ingress);
  return named === undefined ? view.defaultIngressClass() : view.ingressClass(named);
}

/** Who serves an Ingress. An IngressClass object says whose it is; without one its name does. */
export function ownerOf(
  ingress: Ingress,
  view: Pick<ClusterView, "ingressClass" | "defaultIngressClass">,
  { className: ours }: IngressSelection,
): IngressOwner {
  const found = ingressClassOf(ingress, view);
  const className = classNameOf(ingress) ?? found?.metadata.name;
  return { className, isOurs: found === undefined ? className === ours : isServed(found, ours) };
}

/**
 * An agent serves the classes whose controller has its own name, and the one that is called as its
 * class is. Two installations in a cluster have different classes, and so leave each other's alone.
 */
function isServed(found: IngressClass, ours: string): boolean {
  const mine = ours === USUAL_CLASS ? WARREN_CONTROLLER : `${WARREN_CONTROLLER}/${ours}`;
  return found.spec?.controller === mine || (found.metadata.name === ours && isOfSomeWarren(found));
}

/** True for a class that another installation of Warren serves. */
export function isOfOtherWarren(
  found: IngressClass | undefined,
  { className: ours }: IngressSelection,
): boolean {
  return found !== undefined && isOfSomeWarren(found) && !isServed(found, ours);
}

function isOfSomeWarren({ spec }: IngressClass): boolean {
  const { controller = "" } = spec ?? {};
  return controller === WARREN_CONTROLLER || controller.startsWith(`${WARREN_CONTROLLER}/`);
}

/** What is said of all Ingresses of a class; undefined: nothing. In doubt it is no. */
export function isClassPublished(found: IngressClass | undefined): boolean | undefined {
  const said = found?.metadata.annotations?.[PUBLISH];
  return said === undefined ? undefined : said.trim() === "true";
}

const INSIDE = /(^|[^a-z])(internal|intranet|private|lan)([^a-z]|$)/i;

/** Who has a controller for the inside alone calls it so, and means it. */
export function notFromInside(
  { className = "" }: IngressOwner,
  found: IngressClass | undefined,
): Problem | undefined {
  const controller = found?.spec?.controller ?? "";
  if (!INSIDE.test(className) && !INSIDE.test(controller)) return undefined;
  if (isClassPublished(found) === true) return undefined;
  const message = `the class ${className} is for the inside by its name: nothing is published unless ${PUBLISH}: "true" says so, here or on the IngressClass`;
  return { reason: "InternalClass", message };
}

/** Whoever names a class wants its controller's rules, all of them: without it nobody keeps those. */
export function noController(
  className: string,
  found: IngressClass | undefined,
  { namespaces }: IngressSelection,
): Problem {
  const said = found?.metadata.annotations?.[CONTROLLER_SERVICE];
  const name = `name its Service on the IngressClass with ${CONTROLLER_SERVICE}`;
  const limited =
    namespaces === undefined
      ? ""
      : " (looked for in the namespaces that are followed and the usual ones, as far as Services may be read there)";
  const why =
    said !== undefined
      ? `the Service ${said} of its ${CONTROLLER_SERVICE} is not there, or an ExternalName${limited}`
      : found === undefined
        ? "there is no IngressClass of this name"
        : `no Service of ${found.spec?.controller ?? "its controller"} was found${limited}: ${name}`;
  const message = `no controller of the class ${className} was found to dial; nothing is published: ${why}`;
  return { reason: "NoController", message };
}

/** Namespaces of the system's own parts; what is in there is published only when it says so (G-125). */
export const SYSTEM_NAMESPACES: readonly string[] = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
];
