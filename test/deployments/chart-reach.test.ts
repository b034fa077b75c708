// What leads to a chart's pods, and how they come and go: ports that policies and monitors name are the pods' own,
// whatever node is drained or image rolled out, somebody goes on answering.
import { beforeAll, describe, expect, test } from "vitest";
import { exampleFlags, EXAMPLES, helm, render, setFlags } from "./_kit/helm.ts";
import { podsOf, probesOf, type Pod } from "./_kit/pods.ts";
import type { Manifest } from "./_kit/validate.ts";

type Labels = Readonly<Record<string, string>>;
interface Selector {
  matchLabels: Labels;
}
type Of<Spec> = Manifest & { readonly spec: Spec };
interface Port {
  port: number;
  endPort?: number;
}
interface Policy {
  podSelector: Selector;
  ingress?: { from?: { podSelector?: Partial<Selector> }[]; ports: Port[] }[];
}
interface Monitor {
  selector: Selector;
  endpoints?: { port: string; path: string }[];
  podMetricsEndpoints?: { port: string; path: string }[];
}
interface Service {
  selector: Labels;
  ports: { name: string; port: number; targetPort: string | number }[];
}
interface Deployment {
  replicas?: number;
  strategy: { type: string; rollingUpdate?: object };
  selector: Selector;
}
interface Spread {
  maxSkew: number;
  topologyKey: string;
  whenUnsatisfiable: string;
  labelSelector: Selector;
}

const PROMETHEUS = { "monitoring.serviceMonitor.enabled": true };

const has = (labels: Labels, wanted: Labels) =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);
const ofKind = (objects: readonly Manifest[], ...kinds: string[]) =>
  objects.filter(({ kind }) => kinds.includes(kind));

/** As values.yaml says who scrapes. */
const isPrometheus = ({ matchLabels = {} }: Partial<Selector>) =>
  matchLabels["app.kubernetes.io/name"] === "prometheus";

const portsOf = ({ spec }: Pod) => spec.containers[0]!.ports ?? [];
const numberOf = (pod: Pod, port: string | number) =>
  typeof port === "number" ? port : portsOf(pod).find(({ name }) => name === port)?.containerPort;
/** Where and how Prometheus finds a pod by its annotations: chart-code.test.ts holds the port to the command. */
const scrapedAt = ({ annotations }: Pod) => ({
  port: Number(annotations["prometheus.io/port"]),
  path: annotations["prometheus.io/path"],
});

describe.skipIf(helm === undefined).each(EXAMPLES)("%s", (example) => {
  let objects: Manifest[];
  /** Those that stay: the pod of a test or of a hook runs once. */
  let pods: Pod[];
  beforeAll(async () => {
    objects = await render([...exampleFlags(example), ...setFlags(PROMETHEUS)], "newest");
    pods = podsOf(objects).filter(({ of }) => of.startsWith("Deployment "));
  });
  /** The one pod that these labels mean. */
  const podOf = (labels: Labels): Pod => {
    const found = pods.filter((pod) => has(pod.labels, labels));
    expect(found).toHaveLength(1);
    return found[0]!;
  };

  test("asks every pod how it is where Prometheus asks it", () => {
    for (const pod of pods) {
      const { port, path } = scrapedAt(pod);
      expect(path).toBe("/metrics");
      for (const probe of probesOf(pod.spec.containers[0]!))
        expect(numberOf(pod, probe.port)).toBe(port);
    }
  });

  test("a monitor leads Prometheus to the port and the path of the pod's annotations", () => {
    const monitors = ofKind(objects, "ServiceMonitor", "PodMonitor") as Of<Monitor>[];
    expect(monitors).toHaveLength(pods.length);
    for (const { kind, spec } of monitors) {
      if (kind === "PodMonitor") {
        const pod = podOf(spec.selector.matchLabels);
        const found = spec.podMetricsEndpoints!.map(({ port, path }) => ({
          port: numberOf(pod, port),
          path,
        }));
        expect(found).toEqual([scrapedAt(pod)]);
        continue;
      }
      const services = objects.filter(
        (one) =>
          one.kind === "Service" && has(one.metadata.labels ?? {}, spec.selector.matchLabels),
      );
      expect(services).toHaveLength(1);
      const { selector, ports } = services[0]!["spec"] as Service;
      const pod = podOf(selector);
      const found = spec.endpoints!.map(({ port, path }) => ({
        port: numberOf(pod, ports.find(({ name }) => name === port)?.targetPort ?? port),
        path,
      }));
      expect(found).toEqual([scrapedAt(pod)]);
    }
  });

  test("a Service leads to ports of its pods", () => {
    for (const { spec } of ofKind(objects, "Service") as Of<Service>[]) {
      const pod = podOf(spec.selector);
      // Ports for TCP routes have no name of the container's: a gateway opens those that are asked for.
      const named = spec.ports.filter(({ name }) => !name.startsWith("tcp-"));
      for (const { targetPort } of named)
        expect(portsOf(pod).map(({ containerPort }) => containerPort)).toContain(
          numberOf(pod, targetPort),
        );
    }
  });

  test("a policy names ports of its pods, and lets Prometheus to the one that it asks", () => {
    for (const { metadata, spec } of ofKind(objects, "NetworkPolicy") as Of<Policy>[]) {
      if (metadata.annotations?.["helm.sh/hook"] !== undefined) continue;
      const pod = podOf(spec.podSelector.matchLabels);
      const own = portsOf(pod).map(({ containerPort }) => containerPort);
      const rules = spec.ingress ?? [];
      for (const { ports } of rules)
        for (const { port, endPort } of ports)
          if (endPort === undefined) expect(own).toContain(port);
      const prometheus = rules.filter(({ from = [] }) =>
        from.some(({ podSelector }) => podSelector !== undefined && isPrometheus(podSelector)),
      );
      const open = prometheus.flatMap(({ ports }) => ports.map(({ port }) => port));
      expect(open).toEqual([scrapedAt(pod).port]);
    }
  });

  test("pods keep apart, by node and by zone", () => {
    for (const { spec } of ofKind(objects, "Deployment") as Of<Deployment>[]) {
      const pod = podOf(spec.selector.matchLabels);
      const { topologySpreadConstraints: spread = [] } = pod.spec as {
        topologySpreadConstraints?: readonly Spread[];
      };
      expect(spread.map(({ topologyKey }) => topologyKey)).toEqual([
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
      ]);
      for (const { maxSkew, whenUnsatisfiable, labelSelector } of spread) {
        // A cluster of one node takes all of them.
        expect([maxSkew, whenUnsatisfiable]).toEqual([1, "ScheduleAnyway"]);
        expect(has(pod.labels, labelSelector.matchLabels)).toBe(true);
        expect(labelSelector).toEqual(spec.selector);
      }
    }
  });

  test("the next pod is there before an old one goes, unless they share a volume", () => {
    for (const { spec } of ofKind(objects, "Deployment") as Of<Deployment>[]) {
      const { volumes = [] } = podOf(spec.selector.matchLabels).spec;
      const isAlone =
        spec.replicas === 1 && volumes.some((one) => one.persistentVolumeClaim !== undefined);
      expect(spec.strategy).toEqual(
        isAlone
          ? { type: "Recreate" }
          : { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      );
    }
  });

  test("a node can be drained, by one pod at a time of those that have others", () => {
    const budgets = ofKind(objects, "PodDisruptionBudget") as Of<{ selector: Selector }>[];
    for (const { spec } of budgets)
      expect(spec).toEqual({ maxUnavailable: 1, selector: spec.selector });
    const kept = budgets.map(({ spec }) => podOf(spec.selector.matchLabels).of).sort();
    const several = (ofKind(objects, "Deployment") as Of<Deployment>[])
      .filter(({ spec }) => spec.replicas !== 1)
      .map(({ metadata }) => `Deployment ${metadata.name}`);
    expect(kept).toEqual(several.sort());
  });
});
