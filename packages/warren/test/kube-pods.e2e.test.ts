/** Clients that stay with their pods, through real processes; the API server is a double. */
import { networkInterfaces } from "node:os";
import { ENDPOINT_SLICES, INGRESSES, type Ingress } from "@warren/host/kube";
import { expect, test } from "vitest";
import type { Cli } from "./_cli.ts";
import { ask } from "./_kit/ask.ts";
import { ingressOf, KubeStage } from "./_kit/kube-stage.ts";
import { webService, type Served } from "./_service.ts";

const HOST = "kept.example.com";
const LONG = { timeout: 30_000 };
/** Nobody listens there: whoever dials the Service's cluster address gets nothing. */
const NOBODY = 9;

/** A slice may name no loopback address. */
const OWN = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

/** One of the Service's slices, with a pod of its own port. */
function putPod(stage: KubeStage, name: string, { port }: Served): void {
  stage.api.put(
    {
      metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [OWN!] }],
      ports: [{ port }],
    },
    ENDPOINT_SLICES,
  );
}

/** A browser, as far as cookies go. */
class Browser {
  readonly #stage: KubeStage;
  readonly #cookies = new Map<string, string>();
  constructor(stage: KubeStage) {
    this.#stage = stage;
  }

  /** Which pod answers; the status where none does. */
  async ask(): Promise<string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers: Record<string, string> = cookie === "" ? {} : { cookie };
    const got = await ask({ port: this.#stage.gateway.port, host: HOST, headers });
    for (const line of got.headers["set-cookie"] ?? []) {
      const [, name, value] = /^(\w+)=([^;]*)/.exec(line)!;
      this.#cookies.set(name!, value!);
    }
    return String(got.headers["x-service"] ?? got.status);
  }
}

test.skipIf(OWN === undefined)(
  "a browser stays with its pod by nginx's annotation, whichever agent it comes through; of a pod that goes only its own browsers move",
  { timeout: 120_000 },
  async () => {
    await using stage = await KubeStage.start();
    await using a = await webService("a", "0.0.0.0");
    await using b = await webService("b", "0.0.0.0");
    stage.service("web", NOBODY);
    putPod(stage, "web-a", a);
    putPod(stage, "web-b", b);
    const { metadata, spec } = ingressOf("web", HOST, NOBODY);
    const annotations = { "nginx.ingress.kubernetes.io/affinity": "cookie" };
    const kept = { metadata: { ...metadata, annotations }, spec: spec as Ingress["spec"] };
    stage.api.put<Ingress>(
      { ...kept, spec: { ...kept.spec, ingressClassName: "warren" } },
      INGRESSES,
    );
    const agents = new Map<string, Cli>();
    for (const name of ["agent-0", "agent-1"]) agents.set(name, await stage.agent(name));
    await expect.poll(() => new Browser(stage).ask(), LONG).toMatch(/^[ab]$/);

    const browsers = Array.from({ length: 24 }, () => new Browser(stage));
    const all = () => Promise.all(browsers.map((one) => one.ask()));
    const first = await all();
    expect(new Set(first)).toEqual(new Set(["a", "b"]));
    for (let n = 0; n < 3; n++) expect(await all()).toEqual(first);

    const gone = agents.get("agent-0")!;
    gone.signal("SIGKILL");
    await gone.ended();
    await expect.poll(all, LONG).toEqual(first);

    stage.api.remove(ENDPOINT_SLICES, { namespace: "default", name: "web-b" });
    await expect.poll(all, LONG).toEqual(first.map(() => "a"));
    putPod(stage, "web-b", b);
    await expect.poll(all, LONG).toEqual(first);
  },
);
