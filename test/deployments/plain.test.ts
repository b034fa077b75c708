// Every manifest that is no chart's, against the schemas of Kubernetes and against each other.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { allManifests, built, kubectl, kustomizations } from "./_kit/folders.ts";
import { KUBE_VERSIONS, schemasFolder } from "./_kit/schemas.ts";
import { validateManifest } from "./_kit/validate.ts";
import { ROOT } from "../_rooms.ts";

const files = allManifests();
/** For a later Kubernetes, and applied by nobody who does not want it. */
const LATER = ["deployments/kubernetes/host-policy/host-policy.yaml"];
/** Of each folder once: both versions look at the same. */
const kustomized =
  kubectl === undefined
    ? []
    : kustomizations().map((folder) => ({ folder, objects: built(folder) }));

describe.skipIf(schemasFolder === undefined).each(KUBE_VERSIONS)(
  "Kubernetes %s takes",
  (version) => {
    const known = files.filter(({ file }) => version === "newest" || !LATER.includes(file));
    test.each(known)("$file", ({ objects }) => {
      expect(objects.length).toBeGreaterThan(0);
      expect(objects.flatMap((one) => validateManifest(one, version))).toEqual([]);
    });

    test.skipIf(kubectl === undefined).each(kustomized)(
      "what kustomize builds of $folder",
      ({ objects }) => {
        expect(objects.length).toBeGreaterThan(0);
        expect(objects.flatMap((one) => validateManifest(one, version))).toEqual([]);
      },
    );
  },
);

test("what is for a later Kubernetes is in a folder of its own, and says so", () => {
  const later = files.filter(({ file }) => LATER.includes(file));
  expect(later.map(({ file }) => file)).toEqual(LATER);
  for (const { file, objects } of later) {
    expect(readFileSync(join(ROOT, file), "utf8")).toContain("Kubernetes 1.30 or later");
    expect(objects.map(({ kind }) => kind)).toEqual([
      "ValidatingAdmissionPolicy",
      "ValidatingAdmissionPolicyBinding",
    ]);
  }
});

const VALUES = /(?:password|secret|token|key)\s*[:=]\s*["']?[A-Za-z0-9+/]{24,}/i;

test.each(files)("$file holds no secret", ({ objects }) => {
  const secrets = objects.filter(({ kind }) => kind === "Secret");
  expect(secrets.flatMap((one) => [one["data"], one["stringData"]].filter(Boolean))).toEqual([]);
  expect(JSON.stringify(objects)).not.toMatch(VALUES);
});

interface PodSpec {
  enableServiceLinks?: boolean;
  automountServiceAccountToken?: boolean;
  securityContext?: { runAsNonRoot?: boolean; seccompProfile?: { type: string } };
  containers: {
    image: string;
    securityContext: {
      readOnlyRootFilesystem: boolean;
      allowPrivilegeEscalation: boolean;
      runAsNonRoot?: boolean;
      seccompProfile?: { type: string };
      capabilities: { drop: string[] };
    };
  }[];
}

const pods = files.flatMap(({ file, objects }) =>
  objects.flatMap((object) => {
    const { template } = (object["spec"] ?? {}) as { template?: { spec: PodSpec } };
    const name = `${file}: ${object.kind} ${object.metadata.name}`;
    return template === undefined ? [] : [{ name, spec: template.spec }];
  }),
);

test("there are pods to look at", () => expect(pods.length).toBeGreaterThan(2));

test.each(pods)("$name is restricted and gets no variables of Services", ({ spec }) => {
  expect(spec.enableServiceLinks).toBe(false);
  expect(spec.automountServiceAccountToken).toBe(false);
  for (const { securityContext: own, image } of spec.containers) {
    expect(image).toMatch(/^warren:\d/);
    expect(own.readOnlyRootFilesystem).toBe(true);
    expect(own.allowPrivilegeEscalation).toBe(false);
    expect(own.capabilities.drop).toEqual(["ALL"]);
    expect(own.runAsNonRoot ?? spec.securityContext?.runAsNonRoot).toBe(true);
    expect((own.seccompProfile ?? spec.securityContext?.seccompProfile)?.type).toBe(
      "RuntimeDefault",
    );
  }
});
