import type { Origin } from "./origin.ts";
import type { Processes } from "./processes.ts";

/** The two upstreams of every contender: nginx with files; our service for sockets, events, uploads. */
export type Upstream = "files" | "service";

/** Where requests enter: a port of 127.0.0.1 and the Host to ask for. */
export interface Entry {
  port: number;
  host: string;
}

/** Something that stands between a client and the two upstreams, running. */
export interface Contender {
  name: string;
  entries: Record<Upstream, Entry>;
  /** Processes whose CPU and memory count, by the part they play. */
  pids: Readonly<Record<string, number>>;
}

export interface Stage {
  processes: Processes;
  origin: Origin;
}

/** Starts it; what it starts is ended with the stage's processes. Undefined where it is not installed. */
export type StartContender = (stage: Stage) => Promise<Omit<Contender, "name"> | undefined>;

/** The names both upstreams go by where the Host does not matter. */
export function entriesAt(ports: Record<Upstream, number>): Record<Upstream, Entry> {
  return {
    files: { port: ports.files, host: "files.bench.test" },
    service: { port: ports.service, host: "service.bench.test" },
  };
}
