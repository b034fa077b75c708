import { writeFileSync } from "node:fs";
import path from "node:path";
import { entriesAt, type StartContender } from "../contender.ts";
import { installed } from "../installed.ts";
import { freePort } from "../processes.ts";

/** haproxy as a plain reverse proxy with one thread. */
export const startHaproxy: StartContender = async ({ processes, origin }) => {
  const command = installed("haproxy");
  if (command === undefined) return undefined;
  const [files, service] = [await freePort(), await freePort()];
  const file = path.join(processes.folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 1000
defaults
  mode http
  option http-keep-alive
  option http-no-delay
  http-reuse always
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen files
  bind 127.0.0.1:${files} backlog 4096
  server files 127.0.0.1:${origin.files}
listen service
  bind 127.0.0.1:${service} backlog 4096
  server service 127.0.0.1:${origin.service}
`,
  );
  const pid = await processes.start({
    name: "haproxy",
    command,
    args: ["-db", "-f", file],
    ports: [files, service],
  });
  return {
    entries: entriesAt({ files, service }),
    pids: { proxy: pid },
  };
};
