/** A gateway does not shut what should be shut at a controller: whoever wrote the Ingress hears of it. */
import {
  EVENTS,
  INGRESS_CLASSES,
  INGRESSES,
  SERVICES,
  type Draft,
  type Ingress,
  type KubeEvent,
} from "@warren/host/kube";
import { startKubeApi } from "@warren/host/testing";
import { expect, test } from "vitest";
import { CONTROLLER_SERVICE } from "../../src/kube/controller-index.ts";
import { followOn, ingressOf } from "./_follow-kit.ts";

const KEY = "default/Shut:admin a.test Prefix /admin";
const NO_ROOM = { refused: "quota_exceeded", message: "the cluster is full" } as const;

function adminWith(annotations: Record<string, string>): Draft<Ingress> {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const paths = [{ path: "/admin", pathType: "Prefix" as const, backend }];
  const one = ingressOf("admin", {
    ingressClassName: "edge",
    rules: [{ host: "a.test", http: { paths } }],
  });
  return { ...one, metadata: { ...one.metadata, annotations } };
}

test.each([
  { name: "left out", annotations: { "warren.dev/publish": "false" } },
  { name: "refused", annotations: { "warren.dev/allow": "10.0.0.0/99" } },
])(
  "an Ingress that is $name is told that a gateway does not shut its path",
  async ({ annotations }) => {
    await using owned = new AsyncDisposableStack();
    const api = owned.use(await startKubeApi());
    const spec = { clusterIP: "10.0.0.1", ports: [{ port: 80 }] };
    for (const name of ["web", "proxy"])
      api.put({ metadata: { name, namespace: "default" }, spec }, SERVICES);
    const named = { name: "edge", annotations: { [CONTROLLER_SERVICE]: "default/proxy" } };
    api.put({ metadata: named, spec: { controller: "edge.test/controller" } }, INGRESS_CLASSES);
    api.put(ingressOf("all", { ingressClassName: "edge" }), INGRESSES);
    api.put(adminWith(annotations), INGRESSES);
    const { judge } = followOn(api, owned);
    const events = (reason: string) =>
      api.all<KubeEvent>(EVENTS).filter((one) => one.reason === reason);
    await judge({ accepted: true }, KEY);
    await judge({ accepted: true }, "default/all a.test Prefix /");
    await api.until(() => events("Published")[0]);
    expect(events("NotShut")).toEqual([]);
    await judge(NO_ROOM, KEY);
    await api.until(() => events("NotShut")[0]);
    expect(events("NotShut")).toMatchObject([
      {
        type: "Warning",
        note: expect.stringMatching(/^a\.test\/admin: open by another Ingress .* is full$/),
        regarding: { kind: "Ingress", name: "admin" },
      },
    ]);
  },
);
