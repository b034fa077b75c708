import {
  cidrProblem,
  fromText,
  listOption,
  option,
  switchOption,
  Text,
  type ConfigOf,
} from "@warren/host";
import type { GatewayConfig } from "./config.ts";

const Cidr = fromText("an address or a CIDR like 10.0.0.0/8", (text) =>
  cidrProblem(text) === undefined ? text : undefined,
);
const Uuid = fromText("a uuid", (text) =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined,
);
const Percent = fromText("a whole number from 0 to 100", (text) =>
  /^\d{1,3}$/.test(text) && Number(text) <= 100 ? Number(text) : undefined,
);
/** A path would not be there behind the redirect, and so is none. */
const Origin = fromText("an origin like https://old.example.com or https://{host}:8443", (text) => {
  const url = URL.parse(text.replaceAll("{host}", "host.test"));
  const isOrigin = url !== null && `${url.origin}/` === url.href && url.origin !== "null";
  return isOrigin && /^https?:/.test(url.protocol) ? text.replace(/\/$/, "") : undefined;
});

/** Which clusters are reached, and how besides through their tunnels. */
export const reachOptions = {
  direct: switchOption({
    default: "true",
    help: "Routes may name a public endpoint of their cluster, which is dialled beside its tunnel or instead.",
  }),
  directAllow: listOption({
    value: "<cidr>",
    schema: Cidr,
    help: "Network that may be dialled so although the internet does not reach it.",
  }),
  directCa: option({
    value: "<file>",
    schema: Text,
    help: "Authorities of endpoints' certificates (PEM), besides the public ones.",
  }),
  rolloutPercent: option({
    value: "<percent>",
    schema: Percent,
    default: "100",
    help: "Share of the private clusters that is served, 0 to 100; a larger one only adds.",
  }),
  rolloutCluster: listOption({
    value: "<uuid>",
    schema: Uuid,
    help: "Cluster that is served whatever the share.",
  }),
  rolloutFallback: option({
    value: "<url>",
    schema: Origin,
    help: "Where requests for other clusters are sent (307, path and query kept), {host} being the one asked for; 404 unless set.",
  }),
};

export function readReach(
  options: ConfigOf<typeof reachOptions>,
): Pick<GatewayConfig, "direct" | "rollout"> {
  return {
    direct: options.direct ? { allow: options.directAllow, caFile: options.directCa } : undefined,
    rollout: {
      percent: options.rolloutPercent,
      clusters: options.rolloutCluster,
      fallback: options.rolloutFallback,
    },
  };
}
