/** The pods of manifests, and whether they keep to what "restricted" asks of them. */
import type { Manifest } from "./validate.ts";

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly [source: string]: { readonly [field: string]: string } };
}

export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly {
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string };
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: HttpProbe;
  readonly livenessProbe?: HttpProbe;
  readonly readinessProbe?: HttpProbe;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly resources: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[] };
  };
}

export interface HttpProbe {
  readonly httpGet: { readonly path: string; readonly port: string | number };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

export interface Pod {
  /** Kind and name of what makes it. */
  readonly of: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly automountServiceAccountToken?: boolean;
    readonly enableServiceLinks?: boolean;
    readonly terminationGracePeriodSeconds?: number;
    readonly securityContext?: {
      readonly runAsNonRoot?: boolean;
      readonly runAsUser?: number;
      readonly seccompProfile?: { readonly type: string };
    };
    readonly containers: readonly PodContainer[];
    readonly volumes?: readonly Volume[];
  };
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

/** What the kubelet asks: the start-up, the liveness and the readiness probe. */
export const probesOf = ({ startupProbe, livenessProbe, readinessProbe }: PodContainer) =>
  [startupProbe, livenessProbe, readinessProbe].map((probe) => probe!.httpGet);

export const statusesAt = (port: number | string, paths: readonly string[]) =>
  Promise.all(paths.map(async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status));

export function podsOf(objects: readonly Manifest[]): Pod[] {
  return objects.flatMap((object) => {
    const of = `${object.kind} ${object.metadata.name}`;
    const { labels = {}, annotations = {} } = object.metadata;
    if (object.kind === "Pod")
      return [{ of, labels, annotations, spec: object["spec"] as Pod["spec"] }];
    const { template } = (object["spec"] ?? {}) as {
      template?: { metadata: Pick<Pod, "labels" | "annotations">; spec?: Pod["spec"] };
    };
    return template?.spec === undefined ? [] : [{ of, ...template.metadata, spec: template.spec }];
  });
}

/**
 * What the profile "restricted" would refuse, and what else every pod of ours has: a file system that is read-only, no
 * variables of Services, and limits. https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function restrictedProblems({ of, spec }: Pod): string[] {
  const { securityContext: pod = {} } = spec;
  const wrong = [
    pod.runAsNonRoot !== true && "may run as root",
    pod.runAsUser !== 65_532 && "runs as another user than the image's",
    pod.seccompProfile?.type !== "RuntimeDefault" && "has no seccomp profile",
    spec.enableServiceLinks !== false && "gets variables of Services",
    ...spec.containers.flatMap(({ name, resources, securityContext: own = {} }) => [
      own.allowPrivilegeEscalation !== false && `${name} may gain privileges`,
      own.readOnlyRootFilesystem !== true && `${name} may write to its image`,
      own.capabilities?.drop?.join() !== "ALL" && `${name} keeps capabilities`,
      resources.limits?.["memory"] === undefined && `${name} has no limit of memory`,
      resources.requests?.["cpu"] === undefined && `${name} requests no CPU`,
    ]),
  ];
  return wrong.filter((one) => one !== false).map((one) => `${of}: ${one}`);
}
