import type { ServerResponse } from "node:http";
import { listen, smallServer, type Listener, type Metrics } from "@warren/host";

export interface AgentAdminOptions {
  host: string;
  port: number;
  metrics: Pick<Metrics, "text" | "contentType">;
  /** Why no requests should be counted on; undefined when they can be served. */
  unready: () => string | undefined;
}

const MOST_CONNECTIONS = 64;

/** The agent's own small listener: `/healthz`, `/readyz`, `/metrics`. It changes nothing. */
export async function startAgentAdmin(options: AgentAdminOptions): Promise<Listener> {
  const { host, metrics, port, unready } = options;
  const server = smallServer((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return say(response, 405, "only GET is answered here\n");
    switch (request.url?.split("?", 1)[0]) {
      case "/healthz":
        return say(response, 200, "ok\n");
      case "/readyz":
        return sayReadiness(response, unready());
      case "/metrics":
        return void metrics.text().then(
          (text) => say(response, 200, text, metrics.contentType),
          () => say(response, 500, "metrics cannot be read\n"),
        );
      default:
        return say(response, 404, "try /healthz, /readyz or /metrics\n");
    }
  }, MOST_CONNECTIONS);
  const said = { host: "--agent-admin-host", port: "--agent-admin-port" };
  return listen(server, { host, port, fd: undefined, said });
}

function sayReadiness(response: ServerResponse, why: string | undefined): void {
  if (why === undefined) say(response, 200, "ready\n");
  else say(response, 503, `${why}\n`);
}

function say(response: ServerResponse, status: number, text: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
}
