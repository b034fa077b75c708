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
import { followOn, GATEWAY, ingressOf } from "./_follow-kit.ts";

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

const OPEN = "default/all a.test Prefix /";

/** At a.test `all` is open through a controller, and `admin` is not published. */
async function startShut(owned: AsyncDisposableStack, annotations: Record<string, string>) {
  const api = owned.use(await startKubeApi());
  const spec = { clusterIP: "10.0.0.1", ports: [{ port: 80 }] };
  for (const name of ["web", "proxy"])
    api.put({ metadata: { name, namespace: "default" }, spec }, SERVICES);
  const named = { name: "edge", annotations: { [CONTROLLER_SERVICE]: "default/proxy" } };
  api.put({ metadata: named, spec: { controller: "edge.test/controller" } }, INGRESS_CLASSES);
  api.put(ingressOf("all", { ingressClassName: "edge" }), INGRESSES);
  api.put(adminWith(annotations), INGRESSES);
  const { judge, published } = followOn(api, owned);
  const events = (reason: string) =>
    api.all<KubeEvent>(EVENTS).filter((one) => one.reason === reason);
  return { api, judge, published, events };
}

test.each([
  { name: "left out", annotations: { "warren.dev/publish": "false" } },
  { name: "refused", annotations: { "warren.dev/allow": "10.0.0.0/99" } },
])(
  "an Ingress that is $name is told that a gateway does not shut its path",
  async ({ annotations }) => {
    await using owned = new AsyncDisposableStack();
    const { api, judge, events } = await startShut(owned, annotations);
    await judge({ accepted: true }, KEY);
    await judge({ accepted: true }, OPEN);
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

test("nothing is said of a place that no gateway opens, before one does that does not shut it", async () => {
  await using owned = new AsyncDisposableStack();
  const { api, judge, published, events } = await startShut(owned, {
    "warren.dev/publish": "false",
  });
  const NOT_ALLOWED = { refused: "host_not_allowed", message: "not of this token" } as const;
  await judge(NOT_ALLOWED, KEY);
  await judge(NOT_ALLOWED, OPEN);
  await api.until(() => events("HostNotAllowed")[0]);
  const { verdicts } = published;
  const other = {};
  verdicts.say(other, KEY, { accepted: true });
  verdicts.say(other, OPEN, { accepted: true });
  verdicts.leave(GATEWAY);
  await api.until(() => events("Published")[0]);
  expect(events("NotShut")).toEqual([]);
  await judge(NOT_ALLOWED, OPEN);
  await judge(NOT_ALLOWED, KEY);
  verdicts.say(other, KEY, NO_ROOM);
  await api.until(() => events("NotShut")[0]);
  expect(events("NotShut")).toMatchObject([{ note: expect.stringMatching(/is full$/) }]);
});

test("a place that is not shut is told of as soon as it is opened", async () => {
  await using owned = new AsyncDisposableStack();
  const { api, judge, events } = await startShut(owned, { "warren.dev/publish": "false" });
  await judge(NO_ROOM, KEY);
  await judge({ refused: "overloaded", message: "not now" }, OPEN);
  await api.until(() => events("RouteRefused")[0]);
  expect(events("NotShut")).toEqual([]);
  await judge({ accepted: true }, OPEN);
  await api.until(() => events("NotShut")[0]);
});
