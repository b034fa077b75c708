import { fromText, listOption, option, switchOption, Text, type ConfigOf } from "@warren/host";

/** What an agent in a cluster is told to do there. */
export interface KubeSettings {
  /** Undefined: the service account of this pod. */
  kubeconfig: string | undefined;
  context: string | undefined;
  /** Where a pod is told that the API is; undefined outside of one. */
  inPod: { host: string | undefined; port: string | undefined };
  /** Undefined: all. */
  namespaces: readonly string[] | undefined;
  /** Where ingress controllers are looked for when `namespaces` are named. Undefined: where they usually are. */
  controllerNamespaces: readonly string[] | undefined;
  /** Every Ingress, whatever its class, or those of `className` alone. */
  select: "all" | "class";
  className: string;
  /** `spec.controllerName` of the GatewayClasses that are this agent's. */
  gatewayController: string;
  /** Auto: through the tunnel where the cluster is private, by both ways where it is public. */
  mode: "auto" | "tunnel" | "direct" | "both";
  /** Namespaces that may publish at the hosts of the agent's own routes; `*`: all. */
  shareHost: readonly string[];
  /** Namespaces whose Ingresses and routes may have wildcard hosts; `*`: all. */
  wildcardNamespaces: readonly string[];
  /** TLS Secrets of Ingresses and Gateways are read, and published to gateways. */
  tlsSecrets: boolean;
  /** The namespace is the pod's unless said. */
  lease: { namespace: string | undefined; name: string };
  podNamespace: string | undefined;
}

function oneOf<const Word extends string>(...words: readonly Word[]) {
  return fromText(words.join(", "), (text) => words.find((word) => word === text));
}

const GATEWAY_CONTROLLER = "warren.dev/gateway";
/** RFC 1123 label, as namespaces and most objects are named. */
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const NAMESPACE = new RegExp(`^${LABEL}$`);
const LEASE = new RegExp(`^(?:(${LABEL})/)?(${LABEL}(?:\\.${LABEL})*)$`);

/** As the CRD has GatewayController, without its rarest characters. */
const CONTROLLER = new RegExp(`^${LABEL}(?:\\.${LABEL})*/[A-Za-z0-9/._~-]+$`);
const MOST_CONTROLLER_CHARS = 253;

const ControllerName = fromText("a domain with a path, such as example.com/gateway", (text) =>
  CONTROLLER.test(text) && text.length <= MOST_CONTROLLER_CHARS ? text : undefined,
);
const Namespace = fromText("the name of a namespace", (text) =>
  NAMESPACE.test(text) ? text : undefined,
);
const Namespaces = fromText("the name of a namespace, or *", (text) =>
  text === "*" || NAMESPACE.test(text) ? text : undefined,
);
/** `-` is the name of none. */
const WildcardNamespaces = fromText("the name of a namespace, * or -", (text) =>
  text === "*" || text === "-" || NAMESPACE.test(text) ? text : undefined,
);
const LeaseName = fromText("name or namespace/name", (text) => {
  const [, namespace, name] = LEASE.exec(text) ?? [];
  return name === undefined ? undefined : { namespace, name };
});

/** What an agent does with the cluster that it runs in. */
export const kubeOptions = {
  kube: option({
    value: "<when>",
    schema: oneOf("auto", "on", "off"),
    default: "auto",
    help: "Publish what a cluster's Ingresses and Gateways say: on, off, or auto (in a pod, or with --kubeconfig).",
  }),
  kubeconfig: option({
    value: "<file>",
    schema: Text,
    help: "How to reach the cluster; the pod's service account unless set.",
  }),
  kubeContext: option({
    value: "<name>",
    schema: Text,
    help: "Context of that file; its current one unless set.",
  }),
  kubeNamespace: listOption({
    value: "<name>",
    schema: Namespace,
    help: "Namespaces to publish from; all unless set.",
  }),
  kubeControllers: listOption({
    value: "<namespace>",
    schema: Namespace,
    help: "With --kube-namespace: where ingress controllers are; where they usually are unless set.",
  }),
  kubeSelect: option({
    value: "<which>",
    schema: oneOf("all", "class"),
    default: "all",
    help: "Which Ingresses to publish: all that the token allows, or those of the class.",
  }),
  kubeClass: option({
    value: "<name>",
    schema: Text,
    default: "warren",
    help: "IngressClass that this agent serves itself.",
  }),
  kubeMode: option({
    value: "<mode>",
    schema: oneOf("auto", "tunnel", "direct", "both"),
    default: "auto",
    help: "How gateways come in: tunnel, direct or both; auto: both where it has a public address with TLS.",
  }),
  kubeTlsSecrets: switchOption({
    help: "Read the TLS Secrets that Ingresses and Gateways name, and publish them to gateways.",
  }),
  kubeShareHost: listOption({
    value: "<name>",
    schema: Namespaces,
    help: "Namespaces that may publish other paths at hosts of this agent's own routes; * for all.",
  }),
  kubeWildcards: listOption({
    value: "<namespace>",
    schema: WildcardNamespaces,
    help: "Namespaces whose Ingresses and routes may have wildcard hosts; - for none, all unless set.",
  }),
  kubeGateways: option({
    value: "<controllerName>",
    schema: ControllerName,
    help: "controllerName of its GatewayClasses, one for each release; warren.dev/gateway unless set.",
  }),
  kubeLease: option({
    value: "<[namespace/]name>",
    schema: LeaseName,
    default: "warren-agent",
    help: "Lease by which the cluster's agents choose the one that publishes.",
  }),
  podName: option({
    value: "<name>",
    schema: Text,
    help: "Name of this pod: its agent id, unless that is set, which holds the Lease.",
  }),
  podNamespace: option({
    value: "<name>",
    schema: Namespace,
    help: "Namespace of this pod; the service account's unless set.",
  }),
};

/** What was said of the cluster, or undefined when this agent has nothing to do with one. */
export function kubeSettings(
  options: ConfigOf<typeof kubeOptions>,
  inPod: KubeSettings["inPod"],
): KubeSettings | undefined {
  const auto = inPod.host !== undefined || options.kubeconfig !== undefined;
  if (options.kube === "off" || (options.kube === "auto" && !auto)) return undefined;
  const { kubeNamespace: namespaces, kubeControllers: controllers } = options;
  const { kubeWildcards: wildcards } = options;
  return {
    kubeconfig: options.kubeconfig,
    context: options.kubeContext,
    inPod,
    namespaces: namespaces.length === 0 ? undefined : namespaces,
    controllerNamespaces: controllers.length === 0 ? undefined : controllers,
    select: options.kubeSelect,
    className: options.kubeClass,
    gatewayController: options.kubeGateways ?? GATEWAY_CONTROLLER,
    mode: options.kubeMode,
    shareHost: options.kubeShareHost,
    wildcardNamespaces: wildcards.length === 0 ? ["*"] : wildcards,
    tlsSecrets: options.kubeTlsSecrets,
    lease: { namespace: options.kubeLease.namespace, name: options.kubeLease.name },
    podNamespace: options.podNamespace,
  };
}
