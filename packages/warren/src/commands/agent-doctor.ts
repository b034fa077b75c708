import { readFileSync } from "node:fs";
import { agentConfig, agentOptions, kubeSettings, type AgentConfig } from "@warren/agent";
import { ExitError, proxySettings, systemClock, wallClock, type ClientTls } from "@warren/host";
import { inPod } from "../agent/in-pod.ts";
import { command, usage, type Call } from "../cli/command.ts";
import { dataOption, jsonOption } from "../cli/options.ts";
import { checkGateway } from "../doctor/check-gateway.ts";
import { checkToken } from "../doctor/check-token.ts";
import { fail, whyOf, type Finding } from "../doctor/finding.ts";
import { VERSION } from "../version.ts";

const options = { ...agentOptions, data: dataOption, json: jsonOption };

const LEVELS = { ok: "green", warn: "yellow", fail: "red" } as const;
const AS_USUAL_MS = 20_000;

export const agentDoctor = command({
  name: "agent doctor",
  usage: "--gateway <url> --token-file <file>",
  summary: "what keeps an agent from working: cluster, rules, gateway, token, clock, tunnel",
  about: `Takes the options of an agent and looks at all that it needs, as a person would: the API server, what
its role may do, the IngressClass, Gateway API, who holds the Lease; each gateway by name, port, TLS and HTTP,
the token, the clocks, a round trip as agents make it, and a request for a host of the cluster through it all.
Says of each finding what to do, changes nothing, and ends with 1 when something fails. In a cluster:

  kubectl -n warren-system exec deploy/warren-agent -- warren agent doctor`,
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
    if (call.config.json) call.terminal.out(JSON.stringify(findings, undefined, 2));
    else for (const finding of findings) show(call, finding);
    return findings.some(({ level }) => level === "fail") ? "failed" : "ok";
  },
});

async function examine(call: Call<typeof options>): Promise<Finding[]> {
  const { config, secrets } = call;
  const problems: string[] = [];
  if (config.gateway.length === 0) problems.push("--gateway: needed, at least once");
  if (secrets.token === undefined) problems.push("--token-file: needed");
  if (problems.length > 0) throw usage("agent doctor", problems);
  const token = await secrets.token!.read();
  const settings = agentConfig(config, {
    id: "doctor",
    token: () => Promise.resolve(token),
    publications: [],
    kube: kubeSettings(config, inPod(call.env)),
    proxy: proxySettings(call.env),
  });
  const tls = tlsOf(settings);
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(AS_USUAL_MS)]);
  const gateways = settings.gateways.map((url) =>
    checkGateway({ url, token, dial: settings.dial, tls, clock: systemClock, wallClock, signal }),
  );
  const cluster = settings.kube === undefined ? [] : await examineCluster(settings, tls, signal);
  return [...cluster, ...checkToken(token, wallClock()), ...(await Promise.all(gateways)).flat()];
}

/** Loaded where there is a cluster alone. */
async function examineCluster(
  { dial, gateways, kube }: AgentConfig,
  tls: ClientTls,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { openAccess } = await import("@warren/agent/kube");
  const { kubeClient } = await import("@warren/host/kube");
  const { checkCluster } = await import("../doctor/check-cluster.ts");
  const { checkPath, someHost } = await import("../doctor/check-path.ts");
  try {
    const access = await openAccess(kube!, systemClock);
    const userAgent = `warren-doctor/${VERSION}`;
    const said = { userAgent, fieldManager: "warren-doctor", timeoutMs: AS_USUAL_MS / 2 };
    using client = kubeClient({ access, clock: systemClock, ...said });
    const findings = await checkCluster({ client, settings: kube!, wallClock });
    const host = await someHost(client).catch(() => undefined);
    const gateway = gateways[0]!;
    if (host !== undefined) findings.push(await checkPath(host, { gateway, dial, tls, signal }));
    return findings;
  } catch (error) {
    const todo = "run this in the agent's pod, or give --kubeconfig";
    return [fail("API server", whyOf(error), todo)];
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

function show({ terminal }: Call<typeof options>, { check, level, said, todo }: Finding): void {
  terminal.out(`${terminal.paintOut(LEVELS[level], level.padEnd(4))}  ${check}: ${said}`);
  if (todo !== undefined) terminal.out(`      ${todo}`);
}
