import { createServer } from "node:http";
import { listen } from "@warren/host";
import { TUNNEL_PATH, WireError } from "@warren/wire";
import type { GatewayConfig } from "../config.ts";
import type { Agents } from "./agents.ts";
import { handshakeTimes, HANDSHAKE_MS, refuse } from "./handshake.ts";

/** A listener of its own for agents; returns its port. */
export async function openAgentListener(
  own: GatewayConfig["agents"],
  agents: Pick<Agents, "accept">,
  opened: AsyncDisposableStack,
  handshakeMs = HANDSHAKE_MS,
): Promise<number | undefined> {
  if (own === undefined) return undefined;
  const server = createServer(handshakeTimes(handshakeMs), (_request, response) => {
    response.writeHead(404, { connection: "close" }).end();
  });
  server.on("upgrade", (request, socket, head) => {
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(request.headers))
      headers[name] = Array.isArray(value) ? value.join(", ") : value;
    const { method = "GET", url = "/" } = request;
    if (url.split("?", 1)[0] !== TUNNEL_PATH)
      return refuse(socket, new WireError("no_route", "nothing is served here"));
    const address = request.socket.remoteAddress ?? "";
    void agents.accept({ request: { method, url, headers }, socket, head }, address);
  });
  const said = { host: "--listen", port: "--agent-port" };
  return opened.use(await listen(server, { ...own, fd: undefined, said })).port;
}
