// What single lines of the plain files are for, said once more: nothing else would notice one that is lost or changed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../_rooms.ts";
import { built, kubectl, objectsOf, only } from "./_kit/folders.ts";

const TRAEFIK = "traefik.ingress.kubernetes.io";
const NGINX = "nginx.ingress.kubernetes.io";
const PLAIN = "deployments/kubernetes";
const BASE = "k8s/base/messaging-service";
const HOUR = "3600";
const THREE_HOURS = 10_800;
const ONE_AT_A_TIME = { spec: { maxUnavailable: 1 } };
/** Up at once; down slowly, since a pod that ends sends its sockets elsewhere. */
const BEHAVIOR = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Percent", value: 100, periodSeconds: 30 },
      { type: "Pods", value: 2, periodSeconds: 30 },
    ],
  },
  scaleDown: {
    stabilizationWindowSeconds: 300,
    selectPolicy: "Min",
    policies: [
      { type: "Percent", value: 50, periodSeconds: 60 },
      { type: "Pods", value: 1, periodSeconds: 180 },
    ],
  },
};

interface Fact {
  fact: string;
  file: string;
  object: string;
  want: object;
}

const annotated = (prefix: string, said: Record<string, string>) => ({
  metadata: {
    annotations: Object.fromEntries(
      Object.entries(said).map(([name, value]) => [`${prefix}/${name}`, value]),
    ),
  },
});
const sticky = (more: Record<string, string>) => ({
  "service.sticky.cookie": "true",
  "service.sticky.cookie.secure": "true",
  "service.sticky.cookie.httponly": "true",
  ...more,
});
const toPod = (timeoutSeconds: number) => ({
  spec: { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds } } },
});
const container = (want: object) => ({
  spec: { template: { spec: { containers: [want] } } },
});

const FACTS: Fact[] = [
  {
    fact: "nginx lets a socket be quiet for an hour",
    file: `${PLAIN}/service.yaml`,
    object: "Ingress chatbox-websocket-ingress",
    want: annotated(NGINX, { "proxy-read-timeout": HOUR, "proxy-send-timeout": HOUR }),
  },
  {
    fact: "three hours a client stays with its pod",
    file: `${PLAIN}/service.yaml`,
    object: "Service chatbox-websocket",
    want: toPod(THREE_HOURS),
  },
  {
    fact: "a pod that hangs is ended after half a minute, and gets no clients after ten seconds",
    file: `${PLAIN}/deployment.yaml`,
    object: "Deployment chatbox-websocket",
    want: container({
      livenessProbe: { periodSeconds: 10, failureThreshold: 3 },
      readinessProbe: { periodSeconds: 5, failureThreshold: 2 },
    }),
  },
  {
    fact: "a node can be drained, a pod at a time",
    file: `${PLAIN}/deployment.yaml`,
    object: "PodDisruptionBudget chatbox-websocket-pdb",
    want: ONE_AT_A_TIME,
  },
  {
    fact: "it grows at once and shrinks slowly",
    file: `${PLAIN}/deployment.yaml`,
    object: "HorizontalPodAutoscaler chatbox-websocket-hpa",
    want: { spec: { behavior: BEHAVIOR } },
  },
  {
    fact: "the advanced one too",
    file: `${PLAIN}/hpa.yaml/chatbox-websocket-hpa.yaml`,
    object: "HorizontalPodAutoscaler chatbox-websocket-hpa",
    want: { spec: { behavior: BEHAVIOR } },
  },
  {
    fact: "a node can be drained, a pod at a time",
    file: `${BASE}-deployment.yaml`,
    object: "PodDisruptionBudget messaging-service",
    want: ONE_AT_A_TIME,
  },
  {
    fact: "a renewal replaces no pod before another is there",
    file: `${BASE}-deployment.yaml`,
    object: "Deployment messaging-service",
    want: {
      spec: { replicas: 2, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    },
  },
  {
    fact: "three hours a client stays with its pod",
    file: `${BASE}-pods.yaml`,
    object: "Service messaging-service-pods",
    want: toPod(THREE_HOURS),
  },
  {
    fact: "and by a cookie behind Traefik, which speaks TLS to pods and knows by which name",
    file: `${BASE}-pods.yaml`,
    object: "Service messaging-service-pods",
    want: annotated(TRAEFIK, {
      "service.serversscheme": "https",
      "service.serverstransport": "homelab-services-messaging-service@kubernetescrd",
      ...sticky({ "service.sticky.cookie.name": "messaging-session" }),
    }),
  },
  {
    fact: "clients' own addresses reach the pods",
    file: `${BASE}-loadbalancer.yaml`,
    object: "Service messaging-service-lb",
    want: { spec: { externalTrafficPolicy: "Local" } },
  },
  {
    fact: "the certificate is proved by DNS, since port 80 leads nowhere",
    file: `${BASE}-certificate.yaml`,
    object: "Certificate messaging-service-app-tls",
    want: { metadata: { labels: { "acme-solver": "dns01" } } },
  },
  {
    fact: "that label is what the issuer looks for",
    file: "k8s/base/cluster-issuer.yaml",
    object: "ClusterIssuer letsencrypt-prod",
    want: {
      spec: { acme: { solvers: [{}, { selector: { matchLabels: { "acme-solver": "dns01" } } }] } },
    },
  },
  {
    fact: "Traefik serves it by TLS alone",
    file: `${BASE}-ingress.yaml`,
    object: "Ingress messaging-service-ingress",
    want: annotated(TRAEFIK, { "router.entrypoints": "websecure", "router.tls": "true" }),
  },
  {
    fact: "the controller does not write a record that somebody else has taken over, nor skip TLS",
    file: `${BASE}-cloudflare-ingress.yaml`,
    object: "Ingress messaging-service-cloudflare",
    want: annotated("cloudflare-tunnel-ingress-controller.strrl.dev", {
      "backend-protocol": "https",
      "proxy-ssl-verify": "on",
      "disable-dns-management": "false",
    }),
  },
  {
    fact: "the speaker may use its node's network",
    file: "flux/infrastructure/metallb/namespace.yaml",
    object: "Namespace metallb-system",
    want: { metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } } },
  },
  {
    fact: "MetalLB's kinds follow its chart",
    file: "flux/infrastructure/metallb/helmrelease.yaml",
    object: "HelmRelease metallb",
    want: { spec: { install: { crds: "CreateReplace" }, upgrade: { crds: "CreateReplace" } } },
  },
  {
    fact: "it waits for the addresses of its load balancer",
    file: "flux/clusters/homelab/messaging.yaml",
    object: "Kustomization messaging",
    want: { spec: { dependsOn: [{ name: "metallb-pool" }], path: "./k8s/base", prune: true } },
  },
  {
    fact: "the token in it stays when the folder is no longer applied",
    file: "flux/apps/warren/namespace.yaml",
    object: "Namespace warren",
    want: annotated("kustomize.toolkit.fluxcd.io", { prune: "disabled" }),
  },
];

const BUILT: Fact[] = [
  {
    fact: "Traefik serves it by TLS alone",
    file: "deployments/overlays/k3s",
    object: "Ingress chatbox-websocket-ingress",
    want: annotated(TRAEFIK, { "router.entrypoints": "websecure", "router.tls": "true" }),
  },
  {
    fact: "Traefik keeps a client at its pod, by the Service",
    file: "deployments/overlays/k3s",
    object: "Service chatbox-websocket",
    want: annotated(TRAEFIK, sticky({ "service.sticky.cookie.samesite": "lax" })),
  },
  {
    fact: "Traefik's pods are believed",
    file: "deployments/overlays/k3s",
    object: "ConfigMap chat-config",
    want: { data: { WARREN_CHAT_TRUSTED_PROXY: "10.42.0.0/16" } },
  },
  {
    fact: "nginx keeps a client at its pod, by a cookie, and gives it another one when that is gone",
    file: "deployments/overlays/k8s",
    object: "Ingress chatbox-websocket-ingress",
    want: annotated(NGINX, {
      affinity: "cookie",
      "affinity-mode": "persistent",
      "session-cookie-max-age": String(THREE_HOURS),
      "session-cookie-secure": "true",
      "session-cookie-change-on-failure": "true",
      "proxy-read-timeout": HOUR,
    }),
  },
];

const holds = (objects: ReturnType<typeof objectsOf>, object: string, want: object) => {
  const [kind, name] = object.split(" ") as [string, string];
  expect(only(objects, kind, name)).toMatchObject(want);
};

test.each(FACTS)("$file, $object: $fact", ({ file, object, want }) =>
  holds(objectsOf(file), object, want),
);

test.skipIf(kubectl === undefined).each(BUILT)("$file, $object: $fact", ({ file, object, want }) =>
  holds(built(file), object, want),
);

describe("Traefik's one object of settings", () => {
  const file = "deployments/overlays/k3s/traefik-timeouts.yaml";
  const { valuesContent } = only(objectsOf(file), "HelmChartConfig", "traefik")["spec"] as {
    valuesContent: string;
  };
  const transport = {
    respondingTimeouts: { readTimeout: "3600s", writeTimeout: "0s", idleTimeout: "3600s" },
  };

  test("lets sockets and uploads last for an hour, and believes nobody", () =>
    expect(parse(valuesContent)).toEqual({ ports: { websecure: { transport } } }));

  test("believes the pods' network, and sees clients of ServiceLB, once its lines for that are no comments", () => {
    const trusted = { forwardedHeaders: { trustedIPs: ["10.42.0.0/16"] } };
    expect(parse(valuesContent.replaceAll("# ", ""))).toEqual({
      service: { spec: { externalTrafficPolicy: "Local" } },
      ports: { web: trusted, websecure: { ...trusted, transport } },
    });
  });

  test("says that applying it takes away what another one said", () =>
    expect(readFileSync(join(ROOT, file), "utf8")).toContain(
      "kubectl get helmchartconfig traefik -n kube-system -o yaml",
    ));
});
