import { createTarget, type Target, Upstreams } from "@warren/agent";
import type { OpenUpstreams } from "@warren/gateway";
import { getCACertificates } from "node:tls";

type Serve = Parameters<ReturnType<OpenUpstreams>["serve"]>;

/** Connections kept per endpoint and server name, and how long; connects under way at once. */
const SETTINGS = { maxIdle: 32, idleMs: 15_000, maxDials: 256 };
const MOST_TARGETS = 1_000;

/** The agent's way to services, for a gateway that dials clusters' own endpoints. */
export const endpointUpstreams: OpenUpstreams = ({ clock, ca, broke }) => {
  const upstreams = new Upstreams({ clock, settings: SETTINGS, broke });
  const targets = new Targets(ca);
  return {
    serve: (job, to) => upstreams.serve(job, targets.of(to)),
    close: () => upstreams.close(),
  };
};

/** A target's key holds its authorities, which are long: those in use are made once. */
class Targets {
  readonly #ca: string | undefined;
  readonly #known = new Map<string, Target>();

  constructor(ca: string | undefined) {
    this.#ca = ca && [...getCACertificates("default"), ca].join("\n");
  }

  of(to: Serve[1]): Target {
    const { address, port, serverName, connectTimeoutMs } = to;
    const protocol = protocolOf(to);
    const key = `${protocol} ${address} ${port} ${serverName} ${connectTimeoutMs}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const target = createTarget({
      host: address,
      port,
      protocol,
      tls: { ca: this.#ca, serverName, insecure: false },
      connectTimeoutMs,
    });
    if (this.#known.size >= MOST_TARGETS) this.#known.clear();
    this.#known.set(key, target);
    return target;
  }
}

function protocolOf({ secure, http2 }: Serve[1]): Target["protocol"] {
  if (http2) return secure ? "h2" : "h2c";
  return secure ? "https" : "http";
}
