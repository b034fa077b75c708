/** What the roles of manifests allow an account, as a server of the API double takes it. */
import type { Manifest } from "./validate.ts";

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Only there; everywhere unless set. */
  readonly namespace?: string;
}

interface Binding {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly name: string }[];
}

/** By every binding that names the account. */
export function rulesOf(objects: readonly Manifest[], account: string): Rule[] {
  return objects
    .filter(({ kind }) => kind === "ClusterRoleBinding" || kind === "RoleBinding")
    .flatMap((binding) => {
      const { roleRef, subjects } = binding as unknown as Binding;
      if (!subjects.some(({ name }) => name === account)) return [];
      const { namespace } = binding.metadata;
      return rulesOfRole(objects, roleRef).map((rule) =>
        binding.kind === "RoleBinding" && namespace !== undefined ? { ...rule, namespace } : rule,
      );
    });
}

function rulesOfRole(objects: readonly Manifest[], { kind, name }: Binding["roleRef"]): Rule[] {
  const role = objects.find((one) => one.kind === kind && one.metadata.name === name);
  return (role?.["rules"] ?? []) as Rule[];
}

const ASKED =
  /^(?<verb>\w+) (?<resource>\w+)(\.(?<group>[\w.]+))?(\/(?<subresource>\w+))?( (?<name>\S+))?$/;

/** Asks a server whether a service account may `verb resource.group/subresource name`; "" is for no namespace. */
export function accessReview(
  account: { namespace: string; name: string },
  what: string,
  namespace: string,
): object {
  const all = "system:serviceaccounts";
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: `system:serviceaccount:${account.namespace}:${account.name}`,
      groups: ["system:authenticated", all, `${all}:${account.namespace}`],
      resourceAttributes: { ...ASKED.exec(what)?.groups, namespace },
    },
  };
}
