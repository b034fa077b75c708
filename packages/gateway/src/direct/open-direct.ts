import { readFile } from "node:fs/promises";
import { CidrList, type Clock } from "@warren/host";
import type { GatewayConfig } from "../config.ts";
import type { Events } from "../events.ts";
import { AddressHealth } from "./address-health.ts";
import { Direct } from "./direct.ts";
import { dnsNames } from "./names.ts";
import { ownPlaces } from "./own-places.ts";
import { Pins } from "./pins.ts";
import type { OpenUpstreams } from "./upstreams.ts";

const CONNECT_MS = 10_000;

/** Undefined where the operator wants none, or where nothing speaks to endpoints. */
export async function openDirect(
  config: Pick<
    GatewayConfig,
    "advertise" | "direct" | "dnsServers" | "domain" | "peers" | "tunnels"
  >,
  { clock, events }: { clock: Clock; events: Events },
  open: OpenUpstreams | undefined,
): Promise<Direct | undefined> {
  const { advertise, direct, dnsServers, domain, peers, tunnels } = config;
  if (direct === undefined || open === undefined) return undefined;
  const ca = direct.caFile === undefined ? undefined : await readFile(direct.caFile, "utf8");
  const broke = (reason: unknown): void => events.broke("stream to an endpoint", reason);
  return new Direct({
    pins: new Pins({
      resolve: dnsNames(dnsServers),
      allow: new CidrList(direct.allow),
      isOwn: ownPlaces({ urls: [advertise, peers?.advertise ?? ""], domain }, clock),
      clock,
      onRebound: (host) => events.endpointRebound(host),
    }),
    health: new AddressHealth(clock),
    upstreams: open({ clock, ca, broke }),
    connectTimeoutMs: CONNECT_MS,
    mostStreams: tunnels.streams,
    onUnreachable: ({ host }, address, error) =>
      events.endpointUnreachable({ host, address, error }),
    broke,
  });
}
