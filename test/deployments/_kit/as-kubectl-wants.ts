/** What kubectl asks of a server beyond what `startKubeApi` speaks, answered in front of it. */
import type { Intercept, KubeApi, Manifest } from "@warren/host/testing";

/** For `api.intercept`: first come, first asked. */
export function asKubectlWants(api: KubeApi): Intercept {
  return (asked) => describesItself(api, asked) || takesPatch(api, asked);
}

type Asked = Parameters<Intercept>[0];

/**
 * OpenAPI v3, as far as kubectl reads it before it writes: that the server validates fields itself
 * (`fieldValidation`), so that kubectl need not fetch schemas.
 */
function describesItself({ server }: KubeApi, { request, response }: Asked): boolean {
  const { pathname } = new URL(request.url ?? "/", "http://kube");
  if (!pathname.startsWith("/openapi/v3")) return false;
  const kinds = [...server.catalog];
  const groups = new Set(
    kinds.flatMap(({ group, versions }) => versions.map((version) => pathOf(group, version))),
  );
  const wanted = pathname.slice("/openapi/v3/".length);
  const body =
    wanted === ""
      ? {
          paths: Object.fromEntries(
            [...groups].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }]),
          ),
        }
      : {
          openapi: "3.0.0",
          info: { title: "Kubernetes", version: "v1.32.4" },
          paths: Object.fromEntries(
            kinds.flatMap(({ group, versions, plural, kind }) =>
              versions
                .filter((version) => pathOf(group, version) === wanted)
                .map((version) => [
                  `/${wanted}/${plural}/{name}`,
                  { patch: operation({ group, version, kind }) },
                ]),
            ),
          ),
        };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  return true;
}

function operation(of: { group: string; version: string; kind: string }): object {
  const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
    name,
    in: "query",
    schema: { type: "string" },
  }));
  return { parameters, responses: {}, "x-kubernetes-group-version-kind": of };
}

function pathOf(group: string, version: string): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

/**
 * A strategic merge patch is a plain one where it merges no list (there is no directive in it), and so is a server-side
 * apply by whoever owns nothing that it leaves out. One of what is not there creates it.
 */
function takesPatch(api: KubeApi, { request, response, body, info }: Asked): boolean {
  const [type] = (request.headers["content-type"] ?? "").split(";");
  const isApply = type === "application/apply-patch+yaml";
  if (!isApply && type !== "application/strategic-merge-patch+json") return false;
  if (JSON.stringify(body).includes('"$')) return false;
  const kind = api.server.catalog.find(info?.group ?? "", info?.version ?? "", info?.plural ?? "");
  const { name = "", namespace } = info ?? {};
  if (isApply && kind !== undefined && api.get(kind, { namespace, name }) === undefined) {
    const object = body as Manifest;
    const made = api.put({
      ...object,
      metadata: { ...object.metadata, ...(namespace === undefined ? {} : { namespace }) },
    });
    response
      .writeHead(201, { "content-type": "application/json" })
      .end(JSON.stringify({ ...made, apiVersion: object.apiVersion, kind: object.kind }));
    return true;
  }
  request.headers["content-type"] = "application/merge-patch+json";
  return false;
}
