import { option, PerSecond, Size, WholeNumber, type ConfigOf } from "@warren/host";
import type { GatewayConfig } from "./config.ts";

/** How much of what all clusters share one of them may take. */
export const shareOptions = {
  clusterRoutes: option({
    value: "<count>",
    schema: WholeNumber,
    default: "10000",
    help: "Routes of one cluster.",
  }),
  clusterRoutesSize: option({
    value: "<size>",
    schema: Size,
    default: "16MiB",
    help: "Size of all of a cluster's routes together, as JSON.",
  }),
  routeSize: option({
    value: "<size>",
    schema: Size,
    default: "32KiB",
    help: "Size of one route, as JSON.",
  }),
  groupClaims: option({
    value: "<count>",
    schema: WholeNumber,
    default: "10000",
    help: "Hosts that one claim group may hold.",
  }),
  groupPorts: option({
    value: "<count>",
    schema: WholeNumber,
    default: "50",
    help: "Public ports that one claim group may hold.",
  }),
  agentMessages: option({
    value: "<size>",
    schema: Size,
    default: "16MiB",
    help: "Routes that one agent may have said and that are not applied yet; four times that for a cluster.",
  }),
  waitingRequests: option({
    value: "<count>",
    schema: WholeNumber,
    default: "10000",
    help: "Requests that may wait for tunnels to come back.",
  }),
  clusterWaiting: option({
    value: "<count>",
    schema: WholeNumber,
    default: "2500",
    help: "How many of them for one cluster.",
  }),
  passwordChecks: option({
    value: "<count>",
    schema: WholeNumber,
    default: "2",
    help: "Passwords checked at once; each takes a thread and 16 MiB or more.",
  }),
  passwordsWaiting: option({
    value: "<count>",
    schema: WholeNumber,
    default: "64",
    help: "Passwords that may wait to be checked; claim groups take turns.",
  }),
  passwordRate: option({
    value: "<rate>",
    schema: PerSecond,
    default: "1/s",
    help: "Passwords that one address may have checked at a cluster; those known to be right are not counted.",
  }),
  passwordBurst: option({
    value: "<count>",
    schema: WholeNumber,
    default: "30",
    help: "How many of those at once.",
  }),
};

export function readShares(
  options: ConfigOf<typeof shareOptions>,
): Pick<GatewayConfig, "quotas" | "agentMessageBytes" | "waiting" | "passwords"> {
  return {
    quotas: {
      clusterRoutes: options.clusterRoutes,
      clusterBytes: options.clusterRoutesSize,
      routeBytes: options.routeSize,
      groupClaims: options.groupClaims,
      groupPorts: options.groupPorts,
    },
    agentMessageBytes: options.agentMessages,
    waiting: { most: options.waitingRequests, perCluster: options.clusterWaiting },
    passwords: {
      atOnce: Math.max(1, options.passwordChecks),
      waiting: options.passwordsWaiting,
      perSecond: options.passwordRate,
      burst: Math.max(1, options.passwordBurst),
    },
  };
}
