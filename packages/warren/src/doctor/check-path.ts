import type { AgentConfig } from "@warren/agent";
import type { ClientTls } from "@warren/host";
import { INGRESSES, type KubeClient } from "@warren/host/kube";
import { askOnce, type Answered } from "./ask-once.ts";
import { httpUrlOf } from "./check-gateway.ts";
import { fail, ok, warn, whyOf, type Finding } from "./finding.ts";

export interface PathCheck {
  gateway: string;
  dial: AgentConfig["dial"];
  tls: ClientTls;
  signal: AbortSignal;
}

const CHECK = "a request through it all";
const TODO: Readonly<Record<string, string>> = {
  no_route: "see the agents' logs and `kubectl describe ingress`: no agent has published this host",
  not_enabled: "the gateway's roll-out does not serve this cluster yet",
  host_taken: "another cluster holds the host: `warren routes --claims` at the gateway",
  cluster_offline: "no agent of the cluster has a tunnel: see the agents' logs",
  cluster_reconnecting: "the tunnel is being dialled anew: ask again in a few seconds",
};

/** The first public host that the cluster's Ingresses ask for, or undefined. */
export async function someHost(client: KubeClient): Promise<string | undefined> {
  const select = { namespace: undefined, labelSelector: undefined, fieldSelector: undefined };
  const { items } = await client.list(INGRESSES, select);
  const hosts = items.flatMap(({ spec }) => (spec?.rules ?? []).map(({ host = "" }) => host));
  return hosts.find((host) => host !== "" && !host.startsWith("*"));
}

/** Asks the gateway for `host`, as a visitor would whose DNS leads there. */
export async function checkPath(host: string, given: PathCheck): Promise<Finding> {
  const { dial, gateway, tls, signal } = given;
  try {
    const url = httpUrlOf(gateway, "/");
    const answer = await askOnce({ url, host, tls, proxy: dial.proxy, signal });
    const code = codeOf(answer);
    const said = `${host} answers ${answer.status}${code === undefined ? "" : ` ${code}`}`;
    if (code !== undefined)
      return fail(
        CHECK,
        said,
        TODO[code] ?? "`warren why` at the gateway says what stands in the way",
      );
    return answer.status >= 500
      ? warn(CHECK, said, "the request came through: the application itself is in trouble")
      : ok(CHECK, said);
  } catch (error) {
    return fail(CHECK, whyOf(error), "see the findings about the gateway");
  }
}

/** The code of a gateway's own answer; an application's have none. */
function codeOf({ body, status }: Answered): string | undefined {
  if (status < 400) return undefined;
  try {
    const said = JSON.parse(body) as { error?: { code?: unknown; request_id?: unknown } };
    const isOurs = typeof said.error?.request_id === "string";
    return isOurs && typeof said.error?.code === "string" ? said.error.code : undefined;
  } catch {
    return undefined; // an application's page
  }
}
