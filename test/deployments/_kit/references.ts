/** Whether objects that name each other are there, and have what is named. */
import { podsOf, type Pod, type PodContainer } from "./pods.ts";
import type { Manifest } from "./validate.ts";

type Labels = Readonly<Record<string, string>>;

/** One line for each name that leads nowhere. Secrets are made by others, and so may be ConfigMaps that nobody here makes. */
export function referenceProblems(objects: readonly Manifest[]): string[] {
  const world = new World(objects);
  return [
    ...objects.flatMap((one) => world.problemsOf(one)),
    ...world.pods.flatMap((pod) => world.problemsOfPod(pod)),
  ];
}

class World {
  readonly pods: readonly Pod[];
  readonly #objects: readonly Manifest[];

  constructor(objects: readonly Manifest[]) {
    this.#objects = objects;
    this.pods = podsOf(objects);
  }

  problemsOf(object: Manifest): string[] {
    const spec = (object["spec"] ?? {}) as never;
    const problems = [...this.#named(object), ...this.#spec(object, spec)];
    return problems.map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`);
  }

  /** Two of one kind and name would be one. */
  *#named({ kind, metadata }: Manifest): Generator<string> {
    const same = this.#objects.filter(
      (one) =>
        one.kind === kind &&
        one.metadata.name === metadata.name &&
        one.metadata.namespace === metadata.namespace,
    );
    if (same.length > 1) yield "is there twice";
    if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(metadata.name))
      yield "is no name of an object";
    for (const [label, value] of Object.entries(metadata.labels ?? {}))
      if (!/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/.test(value))
        yield `label ${label} has the value ${value}`;
  }

  #spec(object: Manifest, spec: never): string[] {
    switch (object.kind) {
      case "Deployment":
        return this.#deployment(spec);
      case "Service":
        return this.#service(spec);
      case "Ingress":
        return this.#ingress(spec);
      case "HorizontalPodAutoscaler":
        return this.#autoscaler(spec);
      case "PodDisruptionBudget":
        return this.#selects((spec as { selector: Selector }).selector.matchLabels);
      case "NetworkPolicy":
        return this.#selects((spec as { podSelector: Selector }).podSelector.matchLabels);
      case "PodMonitor":
        return this.#podMonitor(spec);
      case "ServiceMonitor":
        return this.#serviceMonitor(spec);
      case "RoleBinding":
      case "ClusterRoleBinding":
        return this.#binding(object as never);
      default:
        return [];
    }
  }

  #deployment({
    selector,
    template,
  }: {
    selector: Selector;
    template: { metadata: { labels: Labels } };
  }) {
    return matches(selector.matchLabels, template.metadata.labels)
      ? []
      : ["selects other pods than its own"];
  }

  #service({ selector, ports }: { selector: Labels; ports: ServicePort[] }): string[] {
    const found = this.pods.filter(({ labels }) => matches(selector, labels));
    const lost = ports.filter(({ targetPort }) => !found.some((pod) => hasPort(pod, targetPort)));
    return [
      ...this.#selects(selector),
      ...lost
        .filter(({ targetPort }) => typeof targetPort === "string")
        .map(({ targetPort }) => `no pod has the port ${targetPort}`),
    ];
  }

  #ingress({ rules }: { rules: IngressRule[] }): string[] {
    return rules.flatMap(({ http }) =>
      http.paths.flatMap(({ backend: { service } }) => {
        const found = this.#find("Service", service.name)?.["spec"] as { ports: ServicePort[] };
        const port = found?.ports.find(({ name }) => name === service.port.name);
        return port === undefined ? [`no Service ${service.name} with ${service.port.name}`] : [];
      }),
    );
  }

  #autoscaler({ scaleTargetRef, minReplicas, maxReplicas }: Autoscaler): string[] {
    const target = this.#find(scaleTargetRef.kind, scaleTargetRef.name);
    const spec = (target?.["spec"] ?? {}) as { replicas?: number };
    return [
      target === undefined && `no ${scaleTargetRef.kind} ${scaleTargetRef.name}`,
      spec.replicas !== undefined && "its target says a number of replicas too",
      minReplicas > maxReplicas && "wants more pods at least than at most",
    ].filter((one) => one !== false);
  }

  #selects(labels: Labels | undefined): string[] {
    const isFound = this.pods.some((pod) => matches(labels ?? {}, pod.labels));
    return isFound ? [] : ["selects no pod"];
  }

  #podMonitor({ selector, podMetricsEndpoints }: PodMonitor): string[] {
    const found = this.pods.filter(({ labels }) => matches(selector.matchLabels, labels));
    return podMetricsEndpoints
      .filter(({ port }) => !found.some((pod) => hasPort(pod, port)))
      .map(({ port }) => `no pod has the port ${port}`);
  }

  #serviceMonitor({ selector, endpoints }: ServiceMonitor): string[] {
    const found = this.#objects.filter(
      ({ kind, metadata }) =>
        kind === "Service" && matches(selector.matchLabels, metadata.labels ?? {}),
    );
    const ports = found.flatMap((one) => (one["spec"] as { ports: ServicePort[] }).ports);
    return endpoints
      .filter(({ port }) => ports.filter(({ name }) => name === port).length !== 1)
      .map(({ port }) => `not one Service has the port ${port}`);
  }

  #binding({ roleRef, subjects }: Binding): string[] {
    const lost = subjects.filter(
      ({ kind, name, namespace }) => this.#find(kind, name)?.metadata.namespace !== namespace,
    );
    return [
      ...(this.#find(roleRef.kind, roleRef.name) === undefined ? [`no role ${roleRef.name}`] : []),
      ...lost.map(({ name }) => `no account ${name}`),
    ];
  }

  problemsOfPod({ of, spec }: Pod): string[] {
    const problems = [
      ...this.#account(spec.serviceAccountName),
      ...(spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
        claim === undefined || this.#find("PersistentVolumeClaim", claim.claimName)
          ? []
          : [`no claim ${claim.claimName}`],
      ),
      ...spec.containers.flatMap((one) => containerProblems(one, spec.volumes ?? [])),
    ];
    return problems.map((problem) => `${of}: ${problem}`);
  }

  #account(name: string | undefined): string[] {
    return name === undefined || this.#find("ServiceAccount", name) ? [] : [`no account ${name}`];
  }

  #find(kind: string, name: string): Manifest | undefined {
    return this.#objects.find((one) => one.kind === kind && one.metadata.name === name);
  }
}

interface Selector {
  matchLabels: Labels;
}
interface ServicePort {
  name: string;
  port: number;
  targetPort: string | number;
}
interface IngressRule {
  http: { paths: { backend: { service: { name: string; port: { name: string } } } }[] };
}
interface Autoscaler {
  scaleTargetRef: { kind: string; name: string };
  minReplicas: number;
  maxReplicas: number;
}
interface PodMonitor {
  selector: Selector;
  podMetricsEndpoints: { port: string }[];
}
interface ServiceMonitor {
  selector: Selector;
  endpoints: { port: string }[];
}
interface Binding {
  roleRef: { kind: string; name: string };
  subjects: { kind: string; name: string; namespace: string }[];
}

function matches(wanted: Labels, labels: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

function hasPort({ spec }: Pod, port: string | number): boolean {
  return spec.containers.some(({ ports = [] }) => ports.some(({ name }) => name === port));
}

function containerProblems(
  container: PodContainer,
  volumes: readonly { name: string }[],
): string[] {
  const { ports = [], volumeMounts = [], env = [] } = container;
  const { startupProbe, livenessProbe, readinessProbe } = container;
  const probes = [startupProbe, livenessProbe, readinessProbe].flatMap((probe) => probe ?? []);
  const mounted = new Set(volumeMounts.map(({ name }) => name));
  const there = new Set(volumes.map(({ name }) => name));
  const names = env.map(({ name }) => name);
  return [
    ...probes
      .filter(({ httpGet }) => !ports.some(({ name }) => name === httpGet.port))
      .map(({ httpGet }) => `a probe asks the port ${httpGet.port}`),
    ...[...mounted].filter((name) => !there.has(name)).map((name) => `no volume ${name}`),
    ...[...there].filter((name) => !mounted.has(name)).map((name) => `${name} is not mounted`),
    ...ports.filter(({ name }) => name.length > 15).map(({ name }) => `${name} is too long`),
    ...names.filter((name, i) => names.indexOf(name) !== i).map((name) => `${name} is said twice`),
  ];
}
