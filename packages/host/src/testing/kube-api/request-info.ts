import { unknownPath } from "./status.ts";

export interface RequestInfo {
  verb: string;
  group: string;
  version: string;
  namespace: string | undefined;
  plural: string;
  name: string | undefined;
  subresource: string | undefined;
}

const VERBS: Readonly<Record<string, [collection: string, object: string]>> = {
  GET: ["list", "get"],
  POST: ["create", "create"],
  PUT: ["update", "update"],
  PATCH: ["patch", "patch"],
  DELETE: ["deletecollection", "delete"],
};

/** What a path of a resource asks for; undefined: it is no path of resources. */
export function requestInfo(method: string, url: URL): RequestInfo | undefined {
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const [root, first = "", second = ""] = parts.map(decodeURIComponent);
  if (root === "api" && parts.length > 2) {
    return resourceOf({ group: "", version: first, rest: parts.slice(2) }, method, url);
  }
  if (root === "apis" && parts.length > 3) {
    return resourceOf({ group: first, version: second, rest: parts.slice(3) }, method, url);
  }
  return undefined;
}

function resourceOf(
  { group, version, rest }: { group: string; version: string; rest: string[] },
  method: string,
  url: URL,
): RequestInfo {
  const parts = rest.map(decodeURIComponent);
  const isInside = parts[0] === "namespaces" && parts.length > 2 && !isOfNamespace(parts);
  const [plural = "", name, subresource, ...more] = isInside ? parts.slice(2) : parts;
  const verbs = VERBS[method];
  if (verbs === undefined || more.length > 0) throw unknownPath();
  const isWatch = name === undefined && /^(true|1)$/.test(url.searchParams.get("watch") ?? "");
  const verb = isWatch && method === "GET" ? "watch" : verbs[name === undefined ? 0 : 1];
  const namespace = isInside ? parts[1] : undefined;
  return { verb, group, version, namespace, plural, name, subresource };
}

/** `/namespaces/<name>/status` is of the namespace itself. */
function isOfNamespace([, , what]: string[]): boolean {
  return what === "status" || what === "finalize";
}
