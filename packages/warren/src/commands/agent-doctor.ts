import { readFileSync } from "node:fs";
import { agentConfig, agentOptions, kubeSettings, type AgentConfig } from "@warren/agent";
import { ExitError, proxySettings, systemClock, wallClock, type ClientTls } from "@warren/host";
import type { KubeClient } from "@warren/host/kube";
import { inPod } from "../agent/in-pod.ts";
import { readPublications } from "../agent/publications.ts";
import { serviceTls } from "../agent/service-tls.ts";
import { command, usage, type Call } from "../cli/command.ts";
import { dataOption, jsonOption } from "../cli/options.ts";
import { bounded } from "../doctor/bounded.ts";
import { checkAgent } from "../doctor/check-agent.ts";
import { checkGateway } from "../doctor/check-gateway.ts";
import { checkHosts } from "../doctor/check-hosts.ts";
import { checkPath, PATH_CHECK } from "../doctor/check-path.ts";
import { checkToken, claimsOf, NEW_TOKEN } from "../doctor/check-token.ts";
import { doorsOfServices, type Door } from "../doctor/doors.ts";
import { fail, note, whyOf, type Finding } from "../doctor/finding.ts";
import { tellFindings } from "../doctor/tell-findings.ts";
import { VERSION } from "../version.ts";

const options = { ...agentOptions, data: dataOption, json: jsonOption };

/** For a program that gives credentials, and for lists of what there is. */
const SLOW_MS = 15_000;
const CALL_MS = 8_000;

export const agentDoctor = command({
  name: "agent doctor",
  usage: "--gateway <url> --token-file <file>",
  summary: "what keeps an agent from working: cluster, rules, gateway, token, clock, tunnel",
  about: `Takes the options of an agent and looks at all that it needs, as a person would: the API server, what
its role may do, the IngressClass, Gateway API, who holds the Lease; each gateway by name, port, TLS and HTTP,
the token, the clocks, a round trip as agents make it, and a request for a published host through it all.
Says of each finding what to do, changes nothing, and ends with 1 when something fails. Each look has an end,
also at an address that never answers. In a pod of the agent it has the agent's own options:

  kubectl exec -n warren deployment/warren-agent -- warren agent doctor`,
  examples: [
    {
      run: "warren agent doctor --gateway wss://gw.example.com --token-file home.token",
      why: "with what the agent is started with",
    },
    {
      run: "warren agent doctor --gateway wss://gw.example.com --token-file home.token --json",
      why: "for programs",
    },
  ],
  options,
  words: { least: 0, most: 0 },
  async run(call) {
    const findings = await examine(call);
    return tellFindings(findings, call);
  },
});

async function examine(call: Call<typeof options>): Promise<Finding[]> {
  const { signal } = call;
  const settings = settingsOf(call);
  const { dial, gateways } = settings;
  const deps = { clock: systemClock, wallClock, signal };
  const { token, problem } = await tokenOf(call);
  const claims = token === undefined ? undefined : claimsOf(token);
  const tls = tlsOf(settings);
  const [cluster, agent, ...reached] = await Promise.all([
    settings.kube === undefined ? undefined : examineCluster(settings, settings.kube, signal),
    checkAgent(settings.admin, deps),
    ...gateways.map((url) => checkGateway({ url, token, dial, tls, ...deps })),
  ]);
  const found = [
    ...(cluster?.findings ?? []),
    ...agent,
    ...(problem === undefined ? checkToken(claims, wallClock()) : [problem]),
    ...reached.flat(),
  ];
  // By a gateway where nothing stands in the way; else the request would fail for what is said already.
  const at = reached.findIndex((one) => !one.some(({ level }) => level === "fail"));
  if (at === -1 || claims === undefined || cluster?.doors === "unknown") return found;
  const doors = [...doorsOfServices(settings.publications), ...(cluster?.doors ?? [])];
  const asked = { gateway: gateways[at]!, hosts: claims.hosts, dial, tls, ...deps };
  return [...found, ...(await checkPath(doors, asked))];
}

/** What the agent would run with. Ends the command where it would not start. */
function settingsOf({ config, secrets, env }: Call<typeof options>): AgentConfig {
  const problems: string[] = [];
  if (config.gateway.length === 0) problems.push("--gateway: needed, at least once");
  if (secrets.token === undefined) problems.push("--token-file: needed");
  const read = readPublications(config, serviceTls(config));
  if ("problems" in read) problems.push(...read.problems);
  if ("problems" in read || problems.length > 0) throw usage("agent doctor", problems);
  return agentConfig(config, {
    id: "doctor",
    token: () => secrets.token!.read(),
    publications: read.publications,
    kube: kubeSettings(config, inPod(env)),
    proxy: proxySettings(env),
  });
}

/** A token that cannot be read keeps nobody from looking at the rest. */
async function tokenOf({ secrets }: Call<typeof options>) {
  try {
    return { token: await secrets.token!.read(), problem: undefined };
  } catch (error) {
    return { token: undefined, problem: fail("token", whyOf(error), NEW_TOKEN) };
  }
}

interface Examined {
  findings: Finding[];
  /** Unknown where it cannot be told which hosts the cluster asks for; a finding says why. */
  doors: readonly Door[] | "unknown";
}

/** Loaded where there is a cluster alone. */
async function examineCluster(
  { publications }: AgentConfig,
  kube: NonNullable<AgentConfig["kube"]>,
  signal: AbortSignal,
): Promise<Examined> {
  const { openAccess } = await import("@warren/agent/kube");
  const { kubeClient } = await import("@warren/host/kube");
  const { checkCluster } = await import("../doctor/check-cluster.ts");
  const { askedInCluster, doorsOf } = await import("../doctor/cluster-doors.ts");
  const bound = { clock: systemClock, signal, ms: SLOW_MS };
  try {
    const access = await bounded(bound, () => openAccess(kube, systemClock));
    const said = { userAgent: `warren-doctor/${VERSION}`, fieldManager: "warren-doctor" };
    using client: KubeClient = kubeClient({
      access,
      clock: systemClock,
      timeoutMs: CALL_MS,
      ...said,
    });
    const findings = await checkCluster({
      client,
      settings: kube,
      clock: systemClock,
      wallClock,
      signal,
    });
    // Who does not answer would be waited for once more.
    if (findings.some(({ check, level }) => check === "API server" && level === "fail"))
      return { findings, doors: "unknown" };
    try {
      const asked = await bounded(bound, () => askedInCluster(client, kube));
      const held = checkHosts(publications, asked, kube.shareHost);
      return { findings: [...findings, ...held], doors: doorsOf(asked) };
    } catch (error) {
      const said = `not made: the hosts of the cluster are not known: ${whyOf(error)}`;
      const left = note(PATH_CHECK, said, "ask for one of them by hand, where visitors come in");
      return { findings: [...findings, left], doors: "unknown" };
    }
  } catch (error) {
    const todo = "run this in the agent's pod, or give --kubeconfig";
    return { findings: [fail("API server", whyOf(error), todo)], doors: "unknown" };
  }
}

function tlsOf({ dial: { caFile, certFile, keyFile } }: AgentConfig): ClientTls {
  return { ca: read(caFile), cert: read(certFile), key: read(keyFile) };
}

function read(file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ExitError("usage", `${file}: cannot be read`, { cause });
  }
}
