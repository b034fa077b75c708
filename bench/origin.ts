import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import path from "node:path";
import { installed } from "./installed.ts";
import { nginxConfig, startNginx } from "./nginx.ts";
import { freePort, type Processes } from "./processes.ts";

/** The small file, and so the body of every small answer. */
export const SMALL_BODY = "Hello from the private side of the wall.\n";
export const BULK_BYTES = 100_000_000;

/** What all contenders stand before. */
export interface Origin {
  files: number;
  service: number;
  /** Requests that the files' server has answered so far: what a contender answers itself is no pass. */
  requests(): Promise<number>;
}

/** nginx with a small file and one of 100 MB, and the service of `service.ts`. */
export async function startOrigin(processes: Processes): Promise<Origin> {
  const [files, service] = [await freePort(), await freePort()];
  const root = path.join(processes.folder, "www");
  mkdirSync(root);
  writeFileSync(path.join(root, "small"), SMALL_BODY);
  const bulk = openSync(path.join(root, "bulk"), "w");
  ftruncateSync(bulk, BULK_BYTES);
  closeSync(bulk);
  const server = `server { listen 127.0.0.1:${files} backlog=4096; root ${root};
    location = /requests { stub_status; } }`;
  await startNginx(processes, { name: "origin", config: nginxConfig(server), ports: [files] });
  await processes.start({
    name: "service",
    command: process.execPath,
    args: [path.join(import.meta.dirname, "service.ts"), String(service)],
    ports: [service],
  });
  return { files, service, requests: () => requestsAnswered(files) };
}

/** The third number of stub_status's third line; counts the asking itself too. */
async function requestsAnswered(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/requests`)).text();
  return Number(text.split("\n")[2]?.trim().split(" ")[2]);
}

/** Throws where what measures run, or the origin, is missing: before anything is measured. */
export function requireTools(tools: readonly string[]): void {
  const missing = [...new Set(["nginx", ...tools])].filter((tool) => installed(tool) === undefined);
  if (missing.length > 0) throw new Error(`the bench needs ${missing.join(" and ")} installed`);
}
