// What Flux makes of its folders: two steps of MetalLB, and Warren by its chart.
import { Ajv } from "ajv";
import { cpSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../_rooms.ts";
import { allManifests, built, kubectl, objectsOf, only } from "./_kit/folders.ts";
import { helm, render } from "./_kit/helm.ts";
import { DEFAULTS, over, type Values } from "./_kit/leaves.ts";
import { KUBE_VERSIONS } from "./_kit/schemas.ts";

const STEPS = objectsOf("flux/clusters/homelab/metallb.yaml");

describe.skipIf(kubectl === undefined)("MetalLB", () => {
  test.each([
    { step: "metallb", kinds: ["HelmRelease", "HelmRepository", "Namespace"] },
    { step: "metallb-pool", kinds: ["IPAddressPool", "L2Advertisement"] },
  ])("the step $step applies $kinds alone", ({ step, kinds }) => {
    const { path, patches } = only(STEPS, "Kustomization", step)["spec"] as {
      path: string;
      patches: unknown[];
    };
    using copy = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    cpSync(join(ROOT, path), copy.path, { recursive: true });
    const file = join(copy.path, "kustomization.yaml");
    const told = parse(readFileSync(file, "utf8")) as object;
    // As kustomize-controller adds them.
    writeFileSync(file, JSON.stringify({ ...told, patches }));
    expect(
      built(copy.path)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(kinds);
  });

  test("the pool waits for the chart that brings its kinds", () => {
    expect(only(STEPS, "Kustomization", "metallb")["spec"]).toMatchObject({ wait: true });
    expect(only(STEPS, "Kustomization", "metallb-pool")["spec"]).toMatchObject({
      dependsOn: [{ name: "metallb" }],
    });
  });

  test("the pool has the addresses that the balancer wants, and is announced", () => {
    const objects = built("flux/infrastructure/metallb");
    const pool = only(objects, "IPAddressPool", "homelab");
    expect(pool).toMatchObject({
      metadata: { namespace: "metallb-system" },
      spec: { addresses: ["192.168.1.200-192.168.1.220"] },
    });
    expect(only(objects, "L2Advertisement", "homelab")["spec"]).toEqual({
      ipAddressPools: ["homelab"],
    });
    const balancer = only(
      objectsOf("k8s/base/messaging-service-loadbalancer.yaml"),
      "Service",
      "messaging-service-lb",
    );
    expect(balancer.metadata.annotations).toMatchObject({
      "metallb.io/address-pool": "homelab",
      "metallb.io/loadBalancerIPs": "192.168.1.220",
    });
  });
});

test("every step is a folder that is there, and waits for one that is", () => {
  const steps = allManifests()
    .filter(({ file }) => file.startsWith("flux/clusters/"))
    .flatMap(({ objects }) => objects);
  const names = steps.map(({ metadata }) => metadata.name);
  for (const { spec } of steps as unknown as {
    spec: { path: string; dependsOn?: { name: string }[] };
  }[]) {
    expect(readFileSync(join(ROOT, spec.path, "kustomization.yaml"), "utf8")).toContain(
      "resources:",
    );
    expect((spec.dependsOn ?? []).filter(({ name }) => !names.includes(name))).toEqual([]);
  }
});

describe("the release of Warren", () => {
  const release = only(objectsOf("flux/apps/warren/helmrelease.yaml"), "HelmRelease", "warren")[
    "spec"
  ] as {
    chart: { spec: { chart: string } };
    values: Values;
  };

  test("says only what the chart knows", () => {
    const schema = JSON.parse(
      readFileSync(join(ROOT, release.chart.spec.chart, "values.schema.json"), "utf8"),
    ) as object;
    const ajv = new Ajv({ strict: false, allErrors: true });
    // As helm has them: over the chart's own.
    const isValid = ajv.validate(schema, over(DEFAULTS, release.values));
    expect([isValid, ajv.errors]).toEqual([true, null]);
  });

  test.skipIf(helm === undefined).each(KUBE_VERSIONS)(
    "becomes an agent on Kubernetes %s",
    async (version) => {
      using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
      const values = join(folder.path, "values.yaml");
      writeFileSync(values, JSON.stringify(release.values));
      const objects = await render(["--values", values], version);
      expect(objects.map(({ kind }) => kind)).toContain("Deployment");
      expect(JSON.stringify(objects)).toContain("wss://gateway.example.com");
    },
  );
});
