import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Ingress } from "../../src/kube/objects.ts";
import { controlled, type Controlled } from "./_controller-kit.ts";
import { backend, classOf, meta, NGINX, path, service } from "./_kit.ts";
import { INGRESS_REASONS } from "../../src/kube/ingress/reasons.ts";
import { WARREN_CONTROLLER } from "../../src/kube/ingress/select.ts";

/** Something that happens in a cluster. */
interface Step {
  readonly name: string;
  readonly happen: (cluster: Controlled) => void;
}

const NAMES = ["a", "b", "c"];
/** Few, so that Ingresses meet at the same places often. */
const HOSTS = ["x.test", "x.test", "*.z.test", ""];
const TYPES = ["Prefix", "Prefix", "ImplementationSpecific"] as const;
const SERVICES = ["web", "web", "web", "api"];

const ingresses: fc.Arbitrary<Ingress> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    age: fc.constantFrom("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"),
    className: fc.constantFrom("warren", "warren", "warren", "nginx", "other", undefined),
    rules: fc.array(
      fc.record({
        host: fc.constantFrom(...HOSTS),
        paths: fc.array(
          fc.record({
            at: fc.constantFrom("/", "/", "/a"),
            type: fc.constantFrom(...TYPES),
            to: fc.constantFrom(...SERVICES),
          }),
          { minLength: 1, maxLength: 2 },
        ),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    fallback: fc.constantFrom(undefined, undefined, undefined, "web", "api"),
    publish: fc.constantFrom(undefined, undefined, undefined, "true", "false", "perhaps"),
    affinity: fc.constantFrom(undefined, undefined, undefined, "cookie", "client_ip"),
  })
  .map(({ name, age, className, rules, fallback, publish, affinity }) => {
    const spec = {
      ...(className === undefined ? {} : { ingressClassName: className }),
      ...(fallback === undefined ? {} : { defaultBackend: backend(fallback) }),
      rules: rules.map(({ host, paths }) => ({
        host,
        http: { paths: paths.map(({ at, type, to }) => path(at, type, backend(to))) },
      })),
    };
    const annotations = {
      ...(publish === undefined ? {} : { "warren.dev/publish": publish }),
      ...(affinity === undefined ? {} : { "warren.dev/affinity": affinity }),
    };
    const uid = `${name} ${age}`;
    const more = { creationTimestamp: age, uid, annotations, generation: generationOf(spec) };
    return { metadata: meta(name, more), spec };
  });

/** As the API server has it: the same for the same spec, another for another. */
function generationOf(spec: Ingress["spec"]): number {
  return createHash("sha256").update(JSON.stringify(spec)).digest().readUInt32BE();
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: ingresses.map((one) =>
      step(`put ${JSON.stringify(one)}`, (on) => on.ingresses.put(one)),
    ),
  },
  fc
    .constantFrom(...NAMES)
    .map((name) => step(`remove ${name}`, (on) => on.ingresses.remove(`default/${name}`))),
  fc
    .tuple(fc.constantFrom(...SERVICES), fc.constantFrom("10.0.0.1", "10.0.0.2", "None"))
    .map(([name, clusterIP]) =>
      step(`service ${name} ${clusterIP}`, (on) => on.services.put(service(name, { clusterIP }))),
    ),
  fc
    .constantFrom(...SERVICES)
    .map((name) => step(`no service ${name}`, (on) => on.services.remove(`default/${name}`))),
  fc.array(fc.constantFrom("10.1.0.1", "10.1.0.2")).map((all) =>
    step(`pods ${all.join()}`, (on) =>
      on.endpointSlices.put({
        metadata: meta("web-1", { labels: { "kubernetes.io/service-name": "web" } }),
        addressType: "IPv4",
        endpoints: all.map((one) => ({ addresses: [one] })),
        ports: [{ name: "http", port: 80 }],
      }),
    ),
  ),
  fc
    .tuple(
      fc.constantFrom("nginx", "other"),
      fc.constantFrom("k8s.io/ingress-nginx", WARREN_CONTROLLER),
      fc.boolean(),
    )
    .map(([name, controller, isDefault]) =>
      step(`class ${name} ${controller} ${isDefault}`, (on) => {
        const one = classOf(name, controller, isDefault);
        on.ingressClasses.put({ ...one, metadata: { ...one.metadata, namespace: "" } });
      }),
    ),
  fc
    .constantFrom("nginx", "other")
    .map((name) => step(`no class ${name}`, (on) => on.ingressClasses.remove(name))),
  fc
    .tuple(fc.constantFrom("nginx", ""), fc.boolean())
    .map(([name, there]) =>
      step(`controller ${name} ${there}`, (on) => on.found(name, there ? NGINX : undefined)),
    ),
  fc
    .constantFrom<string[]>([], ["own.gateway.test"], ["x.test"])
    .map((names) => step(`names ${names.join()}`, (on) => on.controller.setNames(names))),
);

function step(name: string, happen: Step["happen"]): Step {
  return { name, happen: Object.assign(happen, { [fc.toStringMethod]: () => name }) };
}

/** What happens in one turn of the event loop: mostly one thing. */
const turns = fc.array(steps, { minLength: 1, maxLength: 3, size: "small" });

const settled = () => Promise.resolve();

test("whatever happens in whichever order, what is published is what a new agent would publish", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(turns, { minLength: 1, maxLength: 12 }), async (all) => {
      const followed = controlled();
      await followed.sync();
      for (const turn of all) {
        for (const { happen } of turn) happen(followed);
        await settled();
      }
      const fresh = controlled();
      for (const { happen } of all.flat()) happen(fresh);
      await fresh.sync();
      expect(followed.table()).toEqual(fresh.table());
      for (const name of NAMES)
        expect(followed.controller.outcome(`default/${name}`)).toEqual(
          fresh.controller.outcome(`default/${name}`),
        );
      for (const reason of reasonsOf(followed)) expect(INGRESS_REASONS).toContain(reason);
      expect(applied(followed)).toEqual(followed.table().map(keyOfRow));
      expect(new Set(followed.table().map(placeOfRow)).size).toBe(followed.table().length);
    }),
    { numRuns: 1_000 },
  );
});

function reasonsOf({ controller }: Controlled): string[] {
  return NAMES.flatMap(
    (name) => controller.outcome(`default/${name}`)?.problems.map(({ reason }) => reason) ?? [],
  );
}

/** What a gateway has that was told of every change, and of nothing else. */
function applied({ changes }: Controlled): string[] {
  const keys = new Set<string>();
  for (const { added, updated, deleted } of changes) {
    for (const route of deleted) expect(keys.delete(rowOf(route))).toBe(true);
    for (const route of added) {
      expect(keys.has(rowOf(route))).toBe(false);
      keys.add(rowOf(route));
    }
    for (const route of updated) expect(keys.has(rowOf(route))).toBe(true);
  }
  return [...keys].toSorted();
}

type Row = {
  namespace: string;
  ingress_name: string;
  host: string;
  path_type: string;
  path: string;
};

function rowOf({ namespace, ingress_name: name, host, path_type: type, path: at }: Row): string {
  return `${namespace}/${name} ${host} ${type} ${at}`;
}
function keyOfRow(row: string): string {
  return row.slice(0, row.indexOf(" -> "));
}
function placeOfRow(row: string): string {
  return keyOfRow(row).slice(row.indexOf(" ") + 1);
}
