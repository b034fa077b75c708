// HTTP-01 is answered by the controller of the solver's class: another one than the Ingress's never gets a certificate.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../_rooms.ts";
import { allManifests, built, kubectl, objectsOf, only } from "./_kit/folders.ts";
import type { Manifest } from "./_kit/validate.ts";

const ISSUER = "k8s/base/cluster-issuer.yaml";
const issuer = only(objectsOf(ISSUER), "ClusterIssuer", "letsencrypt-prod");
const { solvers } = (issuer["spec"] as { acme: { solvers: Solver[] } }).acme;
const solved = solvers.flatMap(({ http01 }) => http01?.ingress.ingressClassName ?? []);

interface Solver {
  http01?: { ingress: { ingressClassName: string } };
}

const classOf = (one: Manifest) => (one["spec"] as { ingressClassName: string }).ingressClassName;
const namesIssuer = ({ kind, metadata }: Manifest) =>
  kind === "Ingress" &&
  metadata.annotations?.["cert-manager.io/cluster-issuer"] === issuer.metadata.name;

test.skipIf(kubectl === undefined)("the overlay for K3s has the class that is solved", () => {
  const ingresses = built("deployments/overlays/k3s").filter(namesIssuer);
  expect(ingresses.map(classOf)).toEqual(solved);
});

test("where a class is another one, the issuer's file and the guides say to write it there", () => {
  const others = allManifests().flatMap(({ file, objects }) =>
    objects.filter((one) => namesIssuer(one) && !solved.includes(classOf(one))).map(() => file),
  );
  const text = readFileSync(join(ROOT, ISSUER), "utf8");
  expect(others).toEqual(["deployments/kubernetes/service.yaml"]);
  expect(others.filter((file) => !text.includes(`for ${file}`))).toEqual([]);
  expect(text).toMatch(/ingressClassName: \w+ # EDIT/);
  for (const guide of ["deployments/kubernetes/README.md", "docs/kubernetes.md"])
    expect(readFileSync(join(ROOT, guide), "utf8")).toMatch(/solver|ingressClassName/);
});
