import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { bareHost } from "@warren/host";
import type { KubeAccess } from "@warren/host/kube";

/** What an API server's clock says (its Date header), whoever may ask for its version or not. */
export async function dateOf(
  access: Pick<KubeAccess, "server" | "credentials">,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { ca, cert, key, servername, verify } = await access.credentials(false);
  const { server } = access;
  const given = Object.entries({ ca, cert, key, servername }).filter(
    ([, one]) => one !== undefined,
  );
  const { request } = server.protocol === "https:" ? https : http;
  const asked = request({
    host: bareHost(server.hostname),
    port: server.port,
    path: `${server.pathname.replace(/\/$/, "")}/version`,
    agent: false,
    signal,
    rejectUnauthorized: verify,
    ...Object.fromEntries(given),
  } as https.RequestOptions);
  asked.on("error", () => {}); // also after the head
  asked.end();
  const [answer] = (await once(asked, "response")) as [http.IncomingMessage];
  answer.destroy();
  return answer.headers.date;
}
