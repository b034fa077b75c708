import type { GatewayConfig, RunningGateway } from "@warren/gateway";

/** Where a gateway is reached from its own machine. */
export function localAddresses(
  { http, admin }: GatewayConfig,
  { ports }: Pick<RunningGateway, "ports">,
): { url: string; admin: string } {
  return {
    url: `ws://${near(http.host)}:${ports.agents ?? ports.http}`,
    admin: `http://${near(admin.host)}:${ports.admin}`,
  };
}

/** An address that listens everywhere is dialled on loopback. */
function near(host: string): string {
  if (host === "" || host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
