import { isIP } from "node:net";
import type { EventRecorder } from "@warren/host/kube";
import type { HostOwners } from "../host-owners.ts";
import type { ToldElsewhere } from "../told-elsewhere.ts";
import type { ProblemLines } from "../problem-lines.ts";
import type { SourcesDeps } from "../sources.ts";
import { IngressController } from "./ingress-controller.ts";
import { IngressEvents } from "./ingress-events.ts";
import { IngressReporter } from "./ingress-reporter.ts";
import { ingressStatus, type PublicAddress } from "./ingress-status.ts";

export interface RunningIngresses extends AsyncDisposable {
  /** Everything that there was at the start is published. */
  readonly ready: Promise<void>;
  /** Names that gateways give the cluster; the URLs of those that are dialled stand in for them. */
  named(names: readonly string[], gateways: readonly string[]): void;
}

/** Publishes a cluster's Ingresses, and tells people what became of them while this agent leads. */
export function startIngresses(
  deps: SourcesDeps & { lost: ToldElsewhere; hosts: HostOwners; lines: ProblemLines },
  recorder: EventRecorder,
): RunningIngresses {
  const { caches, clock, random, published, leadership, client, metrics } = deps;
  const { ingresses } = caches;
  const events = new IngressEvents(deps.log, metrics, deps.lines);
  const owned = new AsyncDisposableStack();
  const controller = owned.use(
    new IngressController({
      ingresses,
      feed: deps.feed,
      published,
      selection: deps.settings,
      tls: deps.tls,
      connectTimeoutMs: deps.connectTimeoutMs,
      clock,
      random,
      events,
      lost: deps.lost,
      hosts: deps.hosts,
    }),
  );
  const reporter = owned.use(
    new IngressReporter({
      controller,
      ingresses,
      published,
      lead: leadership,
      recorder,
      status: ingressStatus(client),
      clock,
      random,
      events,
    }),
  );
  events.observe(metrics, () => controller.counts());
  return {
    ready: controller.ready,
    named(names, gateways) {
      controller.setNames(names);
      reporter.setAddresses(addressesOf(names, gateways));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * What to point a public name at: the cluster's own name, one of them, since a CNAME has one target;
 * else the gateways themselves.
 */
export function addressesOf(
  [name]: readonly string[],
  gateways: readonly string[],
): PublicAddress[] {
  if (name !== undefined) return [{ hostname: name }];
  const hosts = gateways.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ""));
  return [...new Set(hosts)].map((host) => (isIP(host) === 0 ? { hostname: host } : { ip: host }));
}
