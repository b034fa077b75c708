/** Ingresses of other classes and what they ask for, through real processes; the API server is a double. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  EVENTS,
  INGRESS_CLASSES,
  INGRESSES,
  SERVICES,
  type Ingress,
  type KubeEvent,
} from "@warren/host/kube";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "./_kit/ask.ts";
import { ingressOf, KubeStage } from "./_kit/kube-stage.ts";
import { webService } from "./_service.ts";

const NGINX = "k8s.io/ingress-nginx";
const TRAEFIK = "traefik.io/ingress-controller";
const hostOf = (name: string) => `${name}.example.com`;
const LONG_MS = 30_000;
const BASIC_AUTH = {
  "nginx.ingress.kubernetes.io/auth-type": "basic",
  "nginx.ingress.kubernetes.io/auth-secret": "passwords",
};

/** An ingress controller that asks for a password, as nginx does for such an Ingress. */
async function passwordController(): Promise<Server> {
  const server = createServer((request, response) => {
    const known = request.headers.authorization === `Basic ${btoa("ann:secret")}`;
    response.statusCode = known ? 200 : 401;
    response.end(known ? `controller ${request.headers.host}` : "who are you");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

describe("an Ingress with basic auth", { timeout: 60_000 }, () => {
  let stage: KubeStage;
  let app: Awaited<ReturnType<typeof webService>>;
  let controller: Server;
  beforeAll(async () => {
    stage = await KubeStage.start();
    app = await webService("my-app");
    controller = await passwordController();
    stage.service("my-app", app.port);
    const { port } = controller.address() as AddressInfo;
    stage.api.put(
      {
        metadata: { name: "ingress-nginx-controller", namespace: "ingress-nginx" },
        spec: { type: "NodePort", clusterIP: "127.0.0.1", ports: [{ name: "http", port }] },
      },
      SERVICES,
    );
    putClass("nginx");
    await stage.agent("agent-0");
  }, 60_000);
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
    controller.close();
  });

  const putClass = (name: string) =>
    stage.api.put({ metadata: { name }, spec: { controller: NGINX } }, INGRESS_CLASSES);
  /** One that leads to the application, below a host of its own. */
  const put = (name: string, ingressClassName: string, annotations: Record<string, string>) => {
    const seeds = ingressOf("my-app", hostOf(name), app.port);
    stage.api.put<Ingress>(
      {
        metadata: { ...seeds.metadata, name, annotations },
        spec: { ...(seeds.spec as Ingress["spec"]), ingressClassName },
      },
      INGRESSES,
    );
  };
  const answer = (name: string, headers: Record<string, string> = {}) =>
    ask({ port: stage.gateway.port, host: hostOf(name), headers });
  const becomes = (name: string, status: number) =>
    expect.poll(async () => (await answer(name)).status, { timeout: LONG_MS }).toBe(status);
  const event = (name: string, reason: string) =>
    stage.api.until(() =>
      stage.api
        .all<KubeEvent>(EVENTS)
        .find((one) => one.reason === reason && one.regarding?.name === name),
    );

  test("is reached through its controller, which asks for the password and sees the host", async () => {
    put("through", "nginx", BASIC_AUTH);
    await becomes("through", 401);
    const known = await answer("through", { authorization: `Basic ${btoa("ann:secret")}` });
    expect([known.status, known.body]).toEqual([200, `controller ${hostOf("through")}`]);
  });

  test("is not published while its controller is not found, and is when that appears", async () => {
    put("late", "late", BASIC_AUTH);
    await event("late", "NoController");
    expect((await answer("late")).status).toBe(404);
    putClass("late");
    await becomes("late", 401);
  });

  test("is never dialled at its Service: of class warren it is refused, and an Event says why", async () => {
    put("ours", "warren", BASIC_AUTH);
    expect((await event("ours", "UnsupportedAnnotation")).note).toContain("auth-secret");
    expect((await answer("ours")).status).toBe(404);
    put("ours", "warren", {});
    await becomes("ours", 200);
    await stage.api.until(() => {
      const ours = stage.api.get(INGRESSES, { namespace: "default", name: "ours" });
      return ours?.status?.loadBalancer?.ingress?.length === 1;
    });
  });

  test("behind a list of addresses is refused to whoever is not on it, in front of its controller", async () => {
    const range = "nginx.ingress.kubernetes.io/whitelist-source-range";
    put("listed", "nginx", { ...BASIC_AUTH, [range]: "192.0.2.0/24" });
    await becomes("listed", 403);
    put("listed", "nginx", { ...BASIC_AUTH, [range]: "127.0.0.0/8" });
    await becomes("listed", 401);
  });

  test("that only its LAN may see, by a snippet, is not public until it says that it is meant", async () => {
    const lan = { "nginx.ingress.kubernetes.io/server-snippet": "allow 127.0.0.0/8; deny all;" };
    put("lan", "nginx", lan);
    expect((await event("lan", "UnsupportedAnnotation")).note).toContain("server-snippet");
    expect((await answer("lan")).status).toBe(404);
    put("lan", "nginx", { ...lan, "warren.dev/publish": "true" });
    await becomes("lan", 401);
  });

  test("never goes through the Service of a tenant that calls itself a controller", async () => {
    stage.api.put({ metadata: { name: "edge" }, spec: { controller: TRAEFIK } }, INGRESS_CLASSES);
    stage.api.put(
      {
        metadata: {
          name: "evil",
          namespace: "tenant",
          labels: { "app.kubernetes.io/name": "traefik" },
        },
        spec: {
          clusterIP: "127.0.0.1",
          selector: { app: "evil" },
          ports: [{ name: "web", port: app.port }],
        },
      },
      SERVICES,
    );
    put("edge", "edge", {});
    await event("edge", "NoController");
    expect((await answer("edge")).status).toBe(404);
  });
});
