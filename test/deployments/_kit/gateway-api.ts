/** Gateway API as a cluster has it installed: out of the schemas of its release, as `kubectl apply` takes them. */
import { schemasOf } from "./schemas.ts";

const GROUP = "gateway.networking.k8s.io";
const VERSION = "v1";
/** What .ci/schemas/modules.json has. */
const BUNDLE = "v1.6.1";

export function gatewayApiDefinitions(): object[] {
  const front = `${GROUP}/${VERSION}/`;
  const all = Object.entries(schemasOf("newest").kinds);
  return all
    .filter(([name]) => name.startsWith(front))
    .map(([name, { plural, namespaced, schema }]) => {
      const kind = name.slice(front.length);
      return {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: {
          name: `${plural}.${GROUP}`,
          annotations: {
            // A group of Kubernetes' own is approved by it, or says that it is not.
            "api-approved.kubernetes.io": "unapproved, it is a test's",
            "gateway.networking.k8s.io/bundle-version": BUNDLE,
          },
        },
        spec: {
          group: GROUP,
          names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
          scope: namespaced ? "Namespaced" : "Cluster",
          versions: [
            {
              name: VERSION,
              served: true,
              storage: true,
              subresources: { status: {} },
              schema: { openAPIV3Schema: schema },
            },
          ],
        },
      };
    });
}
