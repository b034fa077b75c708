import { randomId } from "@warren/host";
import {
  KubeEventRecorder,
  type KubeClient,
  type KubeEvents,
  type Leadership,
} from "@warren/host/kube";
import type { KubeSettings } from "../kube-options.ts";
import type { KubeSourceDeps } from "../kube-source.ts";
import type { Published } from "../published.ts";
import type { ClusterCaches } from "./cluster-caches.ts";
import { holdConfiguredHosts } from "./configured-hosts.ts";
import type { ClusterNames } from "./cluster-names.ts";
import type { ClusterFeed, Problem } from "./cluster-view.ts";
import { PUBLIC_PORTS, startGatewayApi } from "./gateway-api/start-gateway-api.ts";
import { ingressOf } from "./ingress/host-claims.ts";
import { startIngresses } from "./ingress/start-ingresses.ts";
import { HostOwners } from "./host-owners.ts";
import { ProblemLines } from "./problem-lines.ts";
import { ToldElsewhere } from "./told-elsewhere.ts";
import type { TlsProblem } from "./tls-problems.ts";
import { TlsSecrets, type TlsSecretsOptions } from "./tls-secrets.ts";

/** Field manager of what agents write, and source of their Events. */
export const AGENT = "warren-agent";

export interface SourcesDeps extends KubeSourceDeps {
  settings: KubeSettings;
  client: KubeClient;
  caches: ClusterCaches;
  feed: ClusterFeed;
  names: ClusterNames;
  published: Published;
  leadership: Leadership;
  kube: KubeEvents;
  signal: AbortSignal;
}

/** What publishes from the cluster. */
export interface RunningSources extends AsyncDisposable {
  /** Everything that there was at the start is published; rejects when that is given up. */
  readonly ready: Promise<unknown>;
}

/** Starts all that reads objects and publishes what they say. Returns at once. */
export function startSources(deps: SourcesDeps): RunningSources {
  const owned = new AsyncDisposableStack();
  const { clock, gateways, kube, log, names, settings, signal } = deps;
  const lines = owned.use(new ProblemLines(log, clock));
  const lost = new ToldElsewhere();
  const hosts = new HostOwners(new Set(settings.wildcardNamespaces));
  const { published } = deps;
  // First: what the operator wrote is there before any object.
  owned.defer(holdConfiguredHosts({ published, hosts, shared: settings.shareHost }));
  const recorder = owned.use(openRecorder(deps));
  kube.observe(deps.metrics, () => recorder.waiting);
  // Who leads next says all of it.
  owned.defer(deps.leadership.onChange((leading) => leading || recorder.clear()));
  const ingresses = owned.use(startIngresses({ ...deps, lost, hosts, lines }, recorder));
  const { namespaces, gatewayController: controllerName } = settings;
  const tls = openTlsSecrets({ ...deps, hosts, lost, lines }, owned);
  const how = {
    namespaces,
    controllerName,
    lost,
    lines,
    hosts,
    ports: PUBLIC_PORTS,
    told: kube.watch,
    certificates: tls,
  };
  const gatewayApi = owned.use(startGatewayApi({ ...deps, ...how }, signal));
  const ready = Promise.all([ingresses.ready, gatewayApi.ready]);
  if (tls !== undefined) bringCertificates(published, [ready, tls.ready]);
  const named = (): void => ingresses.named(names.names, gateways);
  owned.defer(names.onChange(named));
  named();
  return {
    ready,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface TlsDeps extends SourcesDeps {
  hosts: HostOwners;
  lost: ToldElsewhere;
  lines: ProblemLines;
}

/** Undefined where Secrets may not be read. */
function openTlsSecrets(
  { caches, published, hosts, lost, lines }: TlsDeps,
  owned: AsyncDisposableStack,
): TlsSecrets | undefined {
  const { ingresses, secrets } = caches;
  if (secrets === undefined) return undefined;
  const onProblems: TlsSecretsOptions["onProblems"] = (object, problems) => {
    const ingress = ingressOf(object);
    if (ingress !== undefined) return lost.set("certificates", ingress, problems.map(problemOf));
    for (const { secret, reason, message } of problems) {
      // A field called `secret` would be redacted.
      const fields = { object, tls_secret: secret, reason, message };
      lines.warn(object, "TLS Secret not published", fields);
    }
  };
  return owned.use(new TlsSecrets({ ingresses, secrets, published, hosts, onProblems }));
}

function problemOf({ reason, message }: TlsProblem): Problem {
  return { reason, message };
}

/** Nobody waits for Secrets but those who hear of certificates. */
function bringCertificates({ certificates }: Published, ready: readonly Promise<unknown>[]): void {
  Promise.all(ready).then(
    () => certificates.becomeWhole(),
    () => {}, // it is being closed
  );
}

function openRecorder({ agentId, client, clock, wallClock, kube }: SourcesDeps): KubeEventRecorder {
  return new KubeEventRecorder({
    client,
    controller: AGENT,
    instance: agentId,
    clock,
    wallClock,
    uniqueId: () => randomId(8, "hex"),
    told: kube.events,
  });
}
