import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import type { Finding } from "../../src/doctor/finding.ts";

/** What a person would have to look at. */
export function troubles(found: readonly Finding[]): Finding[] {
  return found.filter(({ level }) => level === "warn" || level === "fail");
}

/** The first whose name has `check` in it. */
export function findingOf(found: readonly Finding[], check: string): Finding | undefined {
  return found.find((one) => one.check.includes(check));
}

/** A server that takes connections and says nothing, as a firewall that swallows packets. */
export async function silentServer() {
  const server = createServer();
  const sockets: { destroy(): void }[] = [];
  server.on("connection", (socket) => sockets.push(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    came: once(server, "connection"),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
