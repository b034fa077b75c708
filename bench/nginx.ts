import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import path from "node:path";
import { installed } from "./installed.ts";
import type { Processes } from "./processes.ts";

/** One worker, no logs, connections that live as long as the client wants. */
export function nginxConfig(servers: string): string {
  // As root it would hand its worker to a user who cannot read the folder of the run.
  const user = userInfo().uid === 0 ? "user root;" : "";
  return `${user} worker_processes 1;

pid nginx.pid;
error_log stderr crit;
daemon off;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nodelay on; default_type text/plain;
  keepalive_timeout 3600s; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  ${servers}
}
`;
}

/** Runs nginx on a prefix of its own; resolves with the master's pid. */
export async function startNginx(
  processes: Processes,
  { name, config, ports }: { name: string; config: string; ports: number[] },
): Promise<number> {
  const file = path.join(processes.folder, `${name}.conf`);
  writeFileSync(file, config.replace("pid nginx.pid", `pid ${name}.pid`));
  return processes.start({
    name,
    command: installed("nginx")!,
    args: ["-p", processes.folder, "-c", file, "-e", "stderr"],
    ports,
  });
}
