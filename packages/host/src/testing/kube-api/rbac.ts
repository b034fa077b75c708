import { kindKey, type Kind } from "./kinds.ts";
import { Refusal } from "./status.ts";

/** A rule as Roles and ClusterRoles have it (rbac.authorization.k8s.io/v1 PolicyRule). */
export interface PolicyRule {
  apiGroups: readonly string[];
  /** `ingresses`, `ingresses/status`, `*`. */
  resources: readonly string[];
  verbs: readonly string[];
  resourceNames?: readonly string[];
  /** Of a Role: only there. */
  namespace?: string;
}

export interface Attributes {
  verb: string;
  group: string;
  /** With its subresource: `ingresses/status`. */
  resource: string;
  namespace: string | undefined;
  name: string | undefined;
}

export const USER = "system:serviceaccount:default:tester";

/** Who may do what: everything, until something is forbidden or only some things are allowed. */
export class Rbac {
  /** Undefined: everything. */
  #rules: readonly PolicyRule[] | undefined;
  readonly #forbidden = new Set<(asked: Attributes) => boolean>();

  constructor(rules?: readonly PolicyRule[]) {
    this.#rules = rules;
  }

  allowOnly(rules: readonly PolicyRule[] | undefined): void {
    this.#rules = rules;
  }

  forbid(isForbidden: (asked: Attributes) => boolean): () => void {
    this.#forbidden.add(isForbidden);
    return () => this.#forbidden.delete(isForbidden);
  }

  allows(asked: Attributes): boolean {
    for (const isForbidden of this.#forbidden) if (isForbidden(asked)) return false;
    return this.#rules === undefined || this.#rules.some((rule) => covers(rule, asked));
  }

  check(asked: Attributes): void {
    if (!this.allows(asked)) throw forbidden(asked);
  }
}

/** As `forbid(verb, resource)` says it: `*` is every verb, `namespace` undefined every namespace. */
export function isAsked(
  verb: string,
  kind: Pick<Kind, "group" | "plural">,
  namespace: string | undefined,
): (asked: Attributes) => boolean {
  return (asked) =>
    (verb === "*" || verb === asked.verb) &&
    kindKey({ group: asked.group, plural: asked.resource }) === kindKey(kind) &&
    (namespace === undefined || namespace === asked.namespace);
}

function covers(rule: PolicyRule, asked: Attributes): boolean {
  return (
    has(rule.verbs, asked.verb) &&
    has(rule.apiGroups, asked.group) &&
    has(rule.resources, asked.resource) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(asked.name ?? "")) &&
    (rule.namespace === undefined || rule.namespace === asked.namespace)
  );
}

function has(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

function forbidden({ verb, group, resource, namespace, name }: Attributes): Refusal {
  const where =
    namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const kind = kindKey({ group, plural: resource });
  const what = name === undefined ? kind : `${kind} "${name}"`;
  const why = `${what} is forbidden: User "${USER}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  return new Refusal(403, "Forbidden", why, { name, group, kind: resource });
}
