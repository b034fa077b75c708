import type { Server } from "node:http";
import { listen, type Listener } from "@warren/host";
import type { ChatConfig } from "./config.ts";

/** The plain port of probes and metrics, where there is to be one. Rejects with a ListenError. */
export async function listenToProbes(
  server: Server,
  { probePort: port, listen: { host } }: Pick<ChatConfig, "probePort" | "listen">,
): Promise<Listener | undefined> {
  if (port === undefined) return undefined;
  const said = { host: "--host", port: "--probe-port" };
  return listen(server, { host, port, fd: undefined, said });
}
