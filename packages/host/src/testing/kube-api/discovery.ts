import type { Catalog } from "./catalog.ts";
import type { Kind } from "./kinds.ts";
import { unknownPath } from "./status.ts";

const VERSION = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.4",
  gitCommit: "0000000000000000000000000000000000000000",
  gitTreeState: "clean",
  buildDate: "2025-04-22T16:03:58Z",
  goVersion: "go1.23.6",
  compiler: "gc",
  platform: "linux/amd64",
};

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const REVIEW: [string, string] = ["authorization.k8s.io", "v1"];

/** What a path of discovery answers; undefined: it is none. Throws for a group that is not served. */
export function discovered(path: string, catalog: Catalog): object | undefined {
  if (path === "/version") return VERSION;
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") return groups(catalog);
  const core = /^\/api\/([^/]+)$/.exec(path);
  if (core !== null) return resources("", core[1] ?? "", catalog);
  const version = /^\/apis\/([^/]+)\/([^/]+)$/.exec(path);
  if (version !== null) return resources(version[1] ?? "", version[2] ?? "", catalog);
  const group = /^\/apis\/([^/]+)$/.exec(path);
  if (group === null) return undefined;
  const found = groups(catalog).groups.find(({ name }) => name === group[1]);
  if (found === undefined) throw unknownPath();
  return { kind: "APIGroup", apiVersion: "v1", ...found };
}

function groups(catalog: Catalog) {
  const versions = new Map<string, Set<string>>([[REVIEW[0], new Set([REVIEW[1]])]]);
  for (const kind of catalog) {
    if (kind.group === "") continue;
    const known = versions.get(kind.group) ?? new Set();
    for (const version of kind.versions) known.add(version);
    versions.set(kind.group, known);
  }
  const said = [...versions].map(([name, set]) => {
    const list = [...set].map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions: list, preferredVersion: list[0] };
  });
  return { kind: "APIGroupList", apiVersion: "v1", groups: said };
}

function resources(group: string, version: string, catalog: Catalog): object {
  const kinds = [...catalog].filter(
    (kind) => kind.group === group && kind.versions.includes(version),
  );
  const list = kinds.flatMap(describe);
  if (group === REVIEW[0] && version === REVIEW[1]) list.push(SELF_REVIEW);
  if (list.length === 0) throw unknownPath();
  const groupVersion = group === "" ? version : `${group}/${version}`;
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: list };
}

const SELF_REVIEW = {
  name: "selfsubjectaccessreviews",
  singularName: "selfsubjectaccessreview",
  namespaced: false,
  kind: "SelfSubjectAccessReview",
  verbs: ["create"],
};

function describe({ plural, singular, namespaced, kind, shortNames, hasStatus }: Kind): object[] {
  const one = { name: plural, singularName: singular, namespaced, kind, shortNames, verbs: VERBS };
  const status = {
    name: `${plural}/status`,
    singularName: "",
    namespaced,
    kind,
    verbs: ["get", "patch", "update"],
  };
  return hasStatus ? [one, status] : [one];
}
