import type { Ingress } from "./objects.ts";

/** A Secret that an object names, and for which hosts. */
export interface CertificateUse {
  /** `namespace/name`. */
  readonly secret: string;
  /** In lower case; `*.` stands for one label. */
  readonly hosts: ReadonlySet<string>;
  /** Of a Gateway: through which of its listeners. */
  readonly listener: string | undefined;
  /** Of an Ingress: the hosts of its rules. */
  readonly rules: ReadonlySet<string> | undefined;
  /**
   * The namespaces whose say at a host that `object` publishes is the use's too; undefined where it has
   * none. Asked for anew each time.
   */
  readonly speaksFor: (object: string) => ReadonlySet<string> | undefined;
}

/** With the object that names it: `namespace/name Kind`, created then. */
export interface NamedUse extends CertificateUse {
  readonly object: string;
  readonly age: number;
}

/** What `spec.tls` names, each Secret once. `publishes`: whether any of the Ingress is published. */
export function usesOf(ingress: Ingress, publishes: () => boolean): CertificateUse[] {
  const { namespace = "default" } = ingress.metadata;
  const rules = new Set((ingress.spec?.rules ?? []).flatMap(({ host = "" }) => lowered([host])));
  const named = new Map<string, Set<string>>();
  for (const { secretName = "", hosts = [] } of ingress.spec?.tls ?? []) {
    if (secretName === "") continue;
    const all = named.get(secretName) ?? new Set();
    named.set(secretName, all);
    // An entry that names no host is for all of the Ingress's.
    for (const host of hosts.length > 0 ? lowered(hosts) : rules) all.add(host);
  }
  const own = new Set([namespace]);
  const inside = `${namespace}/`;
  const speaksFor = (object: string): ReadonlySet<string> | undefined =>
    object.startsWith(inside) && publishes() ? own : undefined;
  return [...named].map(([name, hosts]) => ({
    secret: `${namespace}/${name}`,
    hosts,
    listener: undefined,
    rules,
    speaksFor,
  }));
}

function lowered(hosts: readonly string[]): string[] {
  return hosts.filter((host) => host !== "").map((host) => host.toLowerCase());
}
