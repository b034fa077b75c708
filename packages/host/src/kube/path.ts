import type { ObjectName, Resource, Select } from "./object.ts";

/** `/apis/networking.k8s.io/v1`, `/api/v1` (Kubernetes API concepts, "Resource URIs"). */
export function groupPath({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The collection, of one namespace or of all. */
export function collectionPath(resource: Resource, namespace: string | undefined): string {
  const base = groupPath(resource);
  if (namespace === undefined || !resource.namespaced) return `${base}/${resource.plural}`;
  return `${base}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`;
}

export function objectPath(
  resource: Resource,
  { namespace, name }: ObjectName,
  subresource?: "status",
): string {
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export type Query = Readonly<Record<string, string | undefined>>;

export function selectorsOf({ labelSelector, fieldSelector }: Select): Query {
  return { labelSelector, fieldSelector };
}

/** With `?` in front, or "" when nothing is asked. */
export function queryText(query: Query): string {
  const said = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "",
  );
  return said.length === 0 ? "" : `?${new URLSearchParams(said).toString()}`;
}
