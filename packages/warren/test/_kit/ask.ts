import { Agent, request, type IncomingHttpHeaders } from "node:http";

export interface Asked {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Question {
  port: number;
  host: string;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  /** Keeps connections; undefined: one for this request alone. */
  agent?: Agent;
}

/** One request to 127.0.0.1 and its whole answer. Not `fetch`, which says a Host of its own. */
export function ask({ port, host, path = "/", method = "GET", headers, agent }: Question) {
  return new Promise<Asked>((resolve, reject) => {
    const asked = request({
      host: "127.0.0.1",
      port,
      path,
      method,
      headers: { host, ...headers },
      agent: agent ?? false,
    });
    asked.on("error", reject);
    asked.on("response", (answer) => {
      let body = "";
      answer.setEncoding("latin1");
      answer.on("data", (text: string) => (body += text));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode!, headers: answer.headers, body }),
      );
    });
    asked.end();
  });
}

/** Resolves once `host` is published. */
export async function served(port: number, host: string, path = "/"): Promise<void> {
  for (;;) {
    const { status } = await ask({ port, host, path });
    if (status !== 404 && status !== 503) return;
  }
}
