// What single lines of the messaging service's files and of Flux's are for: nothing else would notice one that is lost
// or changed.
import { test } from "vitest";
import {
  annotated,
  container,
  holds,
  NGINX,
  ONE_AT_A_TIME,
  SECURE,
  spread,
  sticky,
  THREE_HOURS,
  toPod,
  TRAEFIK,
  type Fact,
} from "./_kit/facts.ts";
import { objectsOf } from "./_kit/folders.ts";

const BASE = "k8s/base/messaging-service";

const FACTS: Fact[] = [
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
    want: SECURE,
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
  {
    fact: "a minute to start, and the room that it is known for",
    file: `${BASE}-deployment.yaml`,
    object: "Deployment messaging-service",
    want: container({
      startupProbe: { periodSeconds: 5, failureThreshold: 12 },
      resources: {
        requests: { cpu: "500m", memory: "512Mi" },
        limits: { cpu: "2000m", memory: "2Gi" },
      },
    }),
  },
  {
    fact: "its pods are on nodes of their own, as far as there is room",
    file: `${BASE}-deployment.yaml`,
    object: "Deployment messaging-service",
    want: spread(),
  },
  {
    fact: "sockets, the page of health and the chat, and uploads of 100 MiB",
    file: `${BASE}-ingress.yaml`,
    object: "Ingress messaging-service-ingress",
    want: {
      ...annotated(NGINX, { "proxy-body-size": "101m", "backend-protocol": "HTTPS" }),
      spec: {
        rules: [{ http: { paths: [{ path: "/ws" }, { path: "/health" }, { path: "/chat" }] } }],
      },
    },
  },
  {
    fact: "Traefik asks pods for the name that their certificate has",
    file: `${BASE}-ingress.yaml`,
    object: "ServersTransport messaging-service",
    want: { spec: { serverName: "messaging.example.com" } },
  },
  {
    fact: "so does the tunnel's daemon",
    file: `${BASE}-cloudflare-ingress.yaml`,
    object: "Ingress messaging-service-cloudflare",
    want: annotated("cloudflare-tunnel-ingress-controller.strrl.dev", {
      "origin-server-name": "messaging.example.com",
    }),
  },
  {
    fact: "Knative lets only the cluster in, scales by CPU, and bounds no number of requests",
    file: `${BASE}-knative.yaml`,
    object: "Service messaging-service",
    want: {
      metadata: { labels: { "networking.knative.dev/visibility": "cluster-local" } },
      spec: {
        template: {
          ...annotated("autoscaling.knative.dev", {
            metric: "cpu",
            target: "70",
            "min-scale": "2",
            "max-scale": "10",
          }),
          spec: { containerConcurrency: 0 },
        },
      },
    },
  },
  {
    fact: "certificates that browsers take",
    file: "k8s/base/cluster-issuer.yaml",
    object: "ClusterIssuer letsencrypt-prod",
    want: { spec: { acme: { server: "https://acme-v02.api.letsencrypt.org/directory" } } },
  },
  {
    fact: "it is well when its pods are",
    file: "flux/clusters/homelab/messaging.yaml",
    object: "Kustomization messaging",
    want: {
      spec: {
        healthChecks: [
          { kind: "Deployment", name: "messaging-service", namespace: "homelab-services" },
        ],
      },
    },
  },
  {
    fact: "a change of the chart's files counts without a new version, and a release that fails goes back",
    file: "flux/apps/warren/helmrelease.yaml",
    object: "HelmRelease warren",
    want: {
      spec: {
        chart: { spec: { reconcileStrategy: "Revision" } },
        upgrade: { remediation: { retries: 3, remediateLastFailure: true } },
      },
    },
  },
];

test.each(FACTS)("$file, $object: $fact", (fact) => holds(objectsOf(fact.file), fact));
