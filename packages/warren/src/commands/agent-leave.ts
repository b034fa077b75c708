import { agentConfig, agentOptions, kubeSettings, type AgentConfig } from "@warren/agent";
import { Duration, fromText, option, proxySettings, switchOption, systemClock } from "@warren/host";
import { inPod } from "../agent/in-pod.ts";
import { command, scoped, usage, type Call } from "../cli/command.ts";
import { dataOption, jsonOption, logOptions } from "../cli/options.ts";
import { claimsOf } from "../doctor/check-token.ts";
import { fail, note, whyOf, type Finding } from "../doctor/finding.ts";
import { tellFindings } from "../doctor/tell-findings.ts";
import { withdrawRoutes } from "../leave/withdraw-routes.ts";
import { VERSION } from "../version.ts";

const DeploymentName = fromText("namespace/name", (text) => {
  const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text) ?? [];
  return namespace === undefined ? undefined : { namespace, name: name! };
});

const own = scoped("leave", {
  wait: option({
    value: "<duration>",
    schema: Duration,
    default: "30s",
    help: "How long agents may take to stop leading, before nothing is touched.",
  }),
  after: option({
    value: "<namespace/name>",
    schema: DeploymentName,
    help: "Deployment of agents: while it is there nothing is touched.",
  }),
  force: switchOption({
    help: "Also while an agent leads, which writes it all again, or where the Lease may not be held.",
  }),
});
const options = { ...agentOptions, ...own, data: dataOption, ...logOptions, json: jsonOption };

const CALL_MS = 15_000;

export const agentLeave = command({
  name: "agent leave",
  usage: "--kubeconfig <file> [--gateway <url> --token-file <file>]",
  summary: "take away what agents wrote into a cluster: addresses, conditions, the Lease",
  about: `For when Warren leaves a cluster and its Ingresses and Gateways stay; \`helm uninstall\` of the chart does it by
itself. Takes the options of an agent. Takes out of every status what agents with these options wrote there and nobody
else: the address of Ingresses, conditions of Gateway API's objects. Takes this cluster's routes back at each gateway that
is named, and removes the Lease, which it holds meanwhile: nothing is touched while an agent leads. May be run again.
Ends with 1 where something is left, and says what. Hosts stay claimed at the gateway, where it says how to free them.`,
  examples: [
    {
      run: "warren agent leave --kubeconfig ~/.kube/config --kube-lease warren/warren-agent --gateway wss://gw.example.com --token-file home.token",
      why: "from anywhere, once the agents are stopped",
    },
  ],
  options,
  words: { least: 0, most: 0 },
  async run(call) {
    if (call.config.kube === "off") return tellFindings([nothing], call);
    const config = configOf(call);
    const findings = [...(await leave(call, config)), ...(await claimsFinding(call))];
    return tellFindings(findings, call);
  },
});

const nothing = note(
  "cluster",
  "is not touched: --kube is off, and agents that are told so write nothing there",
  "take --kube off away if it was on while they ran",
);

type InCluster = AgentConfig & { kube: NonNullable<AgentConfig["kube"]> };

function configOf({ config, secrets, env }: Call<typeof options>): InCluster {
  const kube = kubeSettings({ ...config, kube: "on" }, inPod(env));
  const isThere = kube!.kubeconfig !== undefined || kube!.inPod.host !== undefined;
  if (!isThere) throw usage("agent leave", ["--kubeconfig: needed outside of a pod"]);
  const given = { id: "leave", publications: [], proxy: proxySettings(env), kube };
  const token = async () => (await secrets.token?.read()) ?? "";
  return { ...agentConfig(config, { ...given, token }), kube: kube! };
}

async function leave(call: Call<typeof options>, config: InCluster): Promise<Finding[]> {
  const { AGENT, openAccess } = await import("@warren/agent/kube");
  const { kubeClient } = await import("@warren/host/kube");
  const { leaveCluster } = await import("../leave/leave-cluster.ts");
  const { signal, terminal } = call;
  const tell = (text: string): void => terminal.note(text);
  const opened = await openAccess(config.kube, systemClock).then(
    (access) => ({ access }),
    (error: unknown) => ({ error }),
  );
  if ("error" in opened)
    return [fail("API server", whyOf(opened.error), "run it in a pod, or give --kubeconfig")];
  using client = kubeClient({
    access: opened.access,
    clock: systemClock,
    userAgent: `warren-leave/${VERSION}`,
    fieldManager: AGENT,
    timeoutMs: CALL_MS,
  });
  return leaveCluster({
    client,
    settings: config.kube,
    waitMs: call.config.wait,
    isForced: call.config.force,
    deployment: call.config.after,
    tell,
    withdraw: async () =>
      call.secrets.token === undefined
        ? []
        : Promise.all(config.gateways.map((url) => withdrawRoutes(config, url, { tell, signal }))),
    signal,
  });
}

/** An agent's token claims hosts and gives none up: who operates the gateway does. */
async function claimsFinding({ secrets }: Call<typeof options>): Promise<Finding[]> {
  const check = "hosts at the gateway";
  if (secrets.token === undefined) return [note(check, "stay claimed for this cluster", free())];
  try {
    const claims = claimsOf(await secrets.token.read());
    const whose = claims === undefined ? "this cluster" : `cluster ${claims.cluster}`;
    return [note(check, `stay claimed for ${whose}`, free(claims?.jti, claims?.sub))];
  } catch (error) {
    return [note(check, `stay claimed; the token: ${whyOf(error)}`, free())];
  }
}

const free = (token = "TOKEN-ID", cluster = "UUID"): string =>
  `where the gateway is: \`warren claims release --unused --cluster ${cluster}\` frees them; \`warren token revoke ${token}\` does too, and lets nobody in by that token any more`;
