// An agent, and `warren agent doctor` as `kubectl exec` runs it: with the variables and the rights that the chart gives
// the agent's pod.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  BACKEND_TLS_POLICIES,
  GATEWAY_CLASSES,
  GATEWAYS,
  LISTENER_SETS,
  REFERENCE_GRANTS,
  ROUTES,
} from "../../packages/agent/src/kube/gateway-api/resources.ts";
import { BIN, Cli } from "../../packages/warren/test/_cli.ts";
import { ask } from "../../packages/warren/test/_kit/ask.ts";
import { freePort } from "../../packages/warren/test/_kit/fleet.ts";
import { ingressOf, KubeStage } from "../../packages/warren/test/_kit/kube-stage.ts";
import { webService } from "../../packages/warren/test/_service.ts";
import type { Finding } from "../../packages/warren/src/doctor/finding.ts";
import { exampleFlags, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf, probesOf, statusesAt } from "./_kit/pods.ts";
import { rulesOf } from "./_kit/rbac.ts";
import { environmentOf } from "./_kit/told.ts";

const KINDS = [
  GATEWAY_CLASSES,
  GATEWAYS,
  REFERENCE_GRANTS,
  BACKEND_TLS_POLICIES,
  LISTENER_SETS,
  ...Object.values(ROUTES),
];
const HOST = "app.example.com";

describe.skipIf(helm === undefined)("in a pod of the chart", { timeout: 60_000 }, () => {
  let stage: KubeStage;
  beforeEach(async () => {
    stage = await KubeStage.start();
    stage.api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: RELEASE.namespace } });
    for (const { versions } of KINDS) stage.api.serve(versions[0]);
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  /** The pod's own, but for addresses and files of the test's. */
  async function pod(values: Record<string, unknown>) {
    const flags = [...exampleFlags("agent-values.yaml"), ...setFlags(values)];
    const objects = await render(flags, "newest");
    const [found] = podsOf(objects).filter(({ spec }) => spec.containers[0]?.args !== undefined);
    for (const one of objects)
      if (one.kind === "IngressClass" || one.kind === "GatewayClass") stage.api.put(one as never);
    stage.api.allowOnly(rulesOf(objects, found!.spec.serviceAccountName!));
    const token = (await stage.fleet.token()).file;
    const container = found!.spec.containers[0]!;
    const adminPort = await freePort();
    const env = {
      ...environmentOf(container, objects),
      WARREN_DATA: stage.fleet.folder,
      WARREN_GATEWAY: `ws://127.0.0.1:${stage.gateway.port}`,
      WARREN_TOKEN_FILE: token,
      WARREN_AGENT_ADMIN_PORT: String(adminPort),
      WARREN_KUBECONFIG: join(stage.fleet.folder, "kubeconfig"),
    };
    return { adminPort, container, env, token };
  }

  const start = (env: Record<string, string>, words: readonly string[]) =>
    new Cli([process.execPath, BIN, ...words], { env, cwd: stage.fleet.folder });

  async function doctor(env: Record<string, string>) {
    await using cli = start(env, ["agent", "doctor", "--json"]);
    const { code, stdout, stderr } = await cli.ended();
    if (stdout === "") throw new Error(stderr);
    return { code, said: stdout + stderr, findings: JSON.parse(stdout) as Finding[] };
  }

  test.each([
    { name: "all namespaces and TLS Secrets", values: { "agent.kube.tlsSecrets": true } },
    { name: "one namespace", values: { "agent.kube.namespaces": ["default"] } },
    {
      name: "one namespace, its Secrets, and another with the ingress controller",
      values: {
        "agent.kube.namespaces": ["default"],
        "agent.kube.controllerNamespaces": ["kube-system"],
        "agent.kube.tlsSecrets": true,
      },
    },
  ])("an agent of $name works and is refused nothing, as its doctor says", async ({ values }) => {
    await using app = await webService("app");
    stage.service("app", app.port);
    const ingress = ingressOf("app", HOST, app.port);
    stage.api.put({ ...ingress, spec: { ...ingress.spec, ingressClassName: "warren" } } as never);
    const asked = { "agent.kube.createGatewayClass": true, ...values };
    const { adminPort, container, env, token } = await pod(asked);
    await using agent = start(env, container.args!);
    await agent.says(/^joined /m);
    const answer = () => ask({ port: stage.gateway.port, host: HOST });
    await expect.poll(async () => (await answer()).status, { timeout: 30_000 }).toBe(200);
    // It leads, and has said so.
    await stage.api.request({ verb: "update", resource: "leases" });
    await stage.api.request({ verb: "create", resource: "events" });
    await stage.api.request({ verb: "update", resource: "gatewayclasses/status" });
    const paths = probesOf(container).map(({ path }) => path);
    expect(await statusesAt(adminPort, [...paths, "/metrics"])).toEqual([200, 200, 200, 200]);

    const { code, findings, said } = await doctor(env);
    expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(code).toBe(0);
    expect(findings.at(-1)).toMatchObject({
      check: "a request through it all",
      said: `http://${HOST}/ answers 200`,
    });
    expect(said).not.toContain(readFileSync(token, "utf8").trim());
    const refused = stage.api.requests.filter(({ status }) => status === 403);
    expect(
      refused.map(({ verb, resource, namespace }) => `${verb} ${resource} ${namespace}`),
    ).toEqual([]);
  });

  test("before anything is there the doctor says what is not, and fails nothing but what is wrong", async () => {
    const { env } = await pod({});
    const { code, findings } = await doctor(env);
    const told = findings.filter(({ level }) => level !== "ok");
    expect(told).toMatchObject([
      { check: expect.stringMatching(/^Lease /), level: "warn" },
      { check: "agent here", level: "note" },
      { check: "a request through it all", level: "note" },
    ]);
    expect(code).toBe(0);
    const lost = await doctor({ ...env, WARREN_TOKEN_FILE: join(stage.fleet.folder, "no-token") });
    expect(lost.code).toBe(1);
    expect(lost.findings.filter(({ level }) => level === "fail")).toMatchObject([
      { check: "token" },
    ]);
    expect(lost.findings.some(({ check }) => check === "gateway")).toBe(true);
  });
});
