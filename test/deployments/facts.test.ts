// What single lines of the chat's files are for: nothing else would notice one that is lost or changed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../_rooms.ts";
import {
  annotated,
  container,
  holds,
  HOUR,
  NGINX,
  ONE_AT_A_TIME,
  PRODUCTION,
  SECURE,
  spread,
  sticky,
  THREE_HOURS,
  toPod,
  TRAEFIK,
  type Fact,
} from "./_kit/facts.ts";
import { built, kubectl, objectsOf, only } from "./_kit/folders.ts";

const PLAIN = "deployments/kubernetes";
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
    fact: "its pods are on nodes and in zones of their own, as far as there is room",
    file: `${PLAIN}/deployment.yaml`,
    object: "Deployment chatbox-websocket",
    want: spread("topology.kubernetes.io/zone"),
  },
  {
    fact: "a pod that is busy has time to answer its probes",
    file: `${PLAIN}/deployment.yaml`,
    object: "Deployment chatbox-websocket",
    want: container({
      startupProbe: { timeoutSeconds: 5 },
      livenessProbe: { timeoutSeconds: 5 },
      readinessProbe: { timeoutSeconds: 5 },
    }),
  },
  {
    fact: "a certificate that browsers take, and uploads of 100 MiB",
    file: `${PLAIN}/service.yaml`,
    object: "Ingress chatbox-websocket-ingress",
    want: {
      metadata: { annotations: { ...PRODUCTION, [`${NGINX}/proxy-body-size`]: "101m" } },
      spec: { tls: [{ secretName: "chatbox-tls" }] },
    },
  },
];

const BUILT: Fact[] = [
  {
    fact: "Traefik serves it by TLS alone",
    file: "deployments/overlays/k3s",
    object: "Ingress chatbox-websocket-ingress",
    want: SECURE,
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
  {
    fact: "a certificate that browsers take",
    file: "deployments/overlays/k3s",
    object: "Ingress chatbox-websocket-ingress",
    want: { metadata: { annotations: PRODUCTION } },
  },
  {
    fact: "the second version has an autoscaler of its own",
    file: "deployments/overlays/blue-green",
    object: "HorizontalPodAutoscaler chatbox-websocket-v2-hpa",
    want: { spec: { scaleTargetRef: { kind: "Deployment", name: "chatbox-websocket-v2" } } },
  },
  {
    fact: "and a Service, to look at it by",
    file: "deployments/overlays/blue-green",
    object: "Service chatbox-websocket-v2",
    want: { spec: { selector: { app: "chatbox", version: "v2" } } },
  },
  {
    fact: "one pod, whose clients come by the Service of the old ones",
    file: "deployments/overlays/canary",
    object: "Deployment chatbox-websocket-canary",
    want: {
      spec: {
        replicas: 1,
        template: { metadata: { labels: { app: "chatbox", version: "canary" } } },
      },
    },
  },
];

test.each(FACTS)("$file, $object: $fact", (fact) => holds(objectsOf(fact.file), fact));

test.skipIf(kubectl === undefined).each(BUILT)("$file, $object: $fact", (fact) =>
  holds(built(fact.file), fact),
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
