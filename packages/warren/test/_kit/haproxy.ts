import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";

export interface BalancedGateway {
  port: number;
  /** Its admin listener, whose /readyz decides whether it gets new connections. */
  adminPort: number;
}

export interface Haproxy extends AsyncDisposable {
  /** Of 127.0.0.1; what clients talk to. */
  readonly port: number;
  /** Resolves when haproxy's checks think so of the gateway with this index. */
  until(gateway: number, state: "UP" | "DOWN"): Promise<void>;
}

/**
 * What an operator would write, with checks quick enough for a test. A check may be answered late,
 * by a machine that is busy: without `timeout check` that would count as an outage after 100 ms.
 */
function configuration(gateways: readonly BalancedGateway[], socket: string): string {
  const servers = gateways.map(
    ({ port, adminPort }, i) =>
      `  server gateway${i} 127.0.0.1:${port} check addr 127.0.0.1 port ${adminPort}`,
  );
  return `global
  nbthread 1
  maxconn 4000
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  timeout check 10s
frontend public
  bind fd@3
  default_backend gateways
backend gateways
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  default-server inter 100ms fall 1 rise 1
${servers.join("\n")}
`;
}

/**
 * A real haproxy (`program`: its path) before several gateways, on a free port. Resolves when it has
 * seen every gateway ready.
 */
export async function startHaproxy(
  program: string,
  gateways: readonly BalancedGateway[],
): Promise<Haproxy> {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-haproxy-"));
  const admin = join(folder.path, "admin.sock");
  const file = join(folder.path, "haproxy.cfg");
  writeFileSync(file, configuration(gateways, admin));
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const child = spawn(program, ["-db", "-f", file], {
    stdio: ["ignore", "ignore", "pipe", descriptorOf(listener)],
  });
  // The socket is haproxy's alone from here on; nobody knew the port before.
  listener.close();
  const exited = once(child, "exit");
  let said = "";
  child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  const haproxy: Haproxy = {
    port,
    async until(gateway, state) {
      while ((await stateOf(admin, gateway)) !== state) {
        if (child.exitCode !== null) throw new Error(`haproxy ended: ${said}`);
        await later(20);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      folder.remove();
    },
  };
  for (const i of gateways.keys()) await haproxy.until(i, "UP");
  return haproxy;
}

/** Undefined while haproxy is not there yet. The 18th field of `show stat` is the status. */
async function stateOf(admin: string, gateway: number): Promise<string | undefined> {
  const socket = connect(admin);
  socket.write("show stat gateways 4 -1\n");
  let text = "";
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString();
  } catch {
    return undefined;
  }
  const line = text.split("\n").find((line) => line.startsWith(`gateways,gateway${gateway},`));
  return line?.split(",")[17]?.split(" ")[0];
}

/** Node names a listening socket's descriptor nowhere else. Not on Windows. */
export function descriptorOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}
