import { agentConfig, agentOptions, kubeSettings, startAgent, startDemo } from "@warren/agent";
import { openMetrics, option, proxySettings, switchOption, systemClock, Text } from "@warren/host";
import { demoPublication, readPublications } from "../agent/publications.ts";
import { inPod } from "../agent/in-pod.ts";
import { replaced } from "../agent/replaced.ts";
import { serviceTls } from "../agent/service-tls.ts";
import { command, usage, type Call } from "../cli/command.ts";
import { aborted, startUnder } from "../cli/lifetime.ts";
import { dataOption, logOptions, openLog } from "../cli/options.ts";
import { openAgentSlot } from "../data/agent-slot.ts";
import { dataFolder } from "../data/data-folder.ts";
import { VERSION } from "../version.ts";

const options = {
  ...agentOptions,
  demo: option({
    value: "<host>",
    schema: Text,
    help: "Publish a small demo site too: a page, a clock, an echo, an upload.",
  }),
  endWithStdin: switchOption({
    help: "End when standard input does: nothing is left behind when who started it is killed.",
  }),
  data: dataOption,
  ...logOptions,
};

export const agent = command({
  name: "agent",
  usage: "--gateway <url> --token-file <file> --service <host>=<destination>...",
  summary: "the private side: joins a gateway and leads its requests to services",
  about: `Dials a gateway from inside a private network (no inbound port is needed), publishes services
under public hosts, and carries their requests. A connection that breaks is dialled again, and
what was open goes on. It comes in with a token (\`warren token create\`) that says which hosts it may
have; the file is read again at each dial. Services are flags, or a file of tables:

  [[service]]
  host = "app.example.com"
  to = "http://10.0.0.7:3000"
  policy = { allow = ["192.0.2.0/24"] }`,
  examples: [
    {
      run: "warren agent --gateway wss://gw.example.com --token-file home.token --service app.example.com=3000",
      why: "one service, on this machine",
    },
    {
      run: "warren agent --gateway wss://gw.example.com --token-file home.token --services services.toml",
      why: "many, with policies",
    },
    {
      run: "warren agent --gateway ws://localhost:8080 --token-file t --service =tcp://db:5432",
      why: "a TCP service on a public port",
    },
  ],
  options,
  words: { least: 0, most: 0 },
  async run(call) {
    const given = readGiven(call);
    await given.token(); // a file that is not there is a slip to tell at once
    const log = openLog(call.config, call);
    await using opened = new AsyncDisposableStack();
    if (call.config.demo !== undefined) {
      const demo = opened.use(await startDemo(0));
      given.publications.push(demoPublication(call.config.demo, demo.port));
    }
    const { agentId, podName } = call.config;
    const id = agentId ?? podName ?? ownSlot(call, opened);
    const config = agentConfig(call.config, { ...given, id: await id });
    const published = Promise.withResolvers<void>();
    const deps = {
      log,
      metrics: openMetrics(),
      clock: systemClock,
      version: VERSION,
      onRequest: undefined,
      onPort: (route: string, port: number) => log.info("public port", { route, port }),
      onPublished: () => published.resolve(),
    };
    const running = opened.use(
      await startUnder(call.signal, (starting) => startAgent(config, deps, starting)),
    );
    // Of the agents of a cluster one publishes, and each of them carries traffic.
    const inForce = given.kube === undefined ? published.promise : undefined;
    void Promise.all([running.registered, inForce]).then(([{ name, gateway }]) =>
      call.terminal.out(`joined ${gateway.id} as ${name}`),
    );
    await Promise.race([ended(call), replaced(running.replaced)]);
    await running.drain("kept");
    log.info("agent stopped");
  },
});

/** What an agent needs and cannot do without; all that is missing is told at once. */
function readGiven(call: Call<typeof options>) {
  const { config, secrets } = call;
  const problems: string[] = [];
  if (config.gateway.length === 0) problems.push("--gateway: needed, at least once");
  const { token } = secrets;
  if (token === undefined) problems.push("--token-file: needed; `warren token create` makes one");
  const kube = kubeSettings(config, inPod(call.env));
  const read = readPublications(config, serviceTls(config));
  if ("problems" in read) problems.push(...read.problems);
  else if (read.publications.length === 0 && config.demo === undefined && kube === undefined)
    problems.push("--service, --services or --kube on: needed, or nothing would be published");
  if (token === undefined || "problems" in read || problems.length > 0)
    throw usage("agent", problems);
  return {
    publications: read.publications,
    kube,
    token: () => token.read(),
    proxy: proxySettings(call.env),
  };
}

async function ownSlot(
  { config }: Call<typeof options>,
  opened: AsyncDisposableStack,
): Promise<string> {
  const slot = opened.use(await openAgentSlot(dataFolder(config.data).slots, "agent"));
  return slot.agentId;
}

function ended({ config, signal, self }: Call<typeof options>): Promise<void> {
  return config.endWithStdin ? Promise.race([aborted(signal), self.stdinEnded()]) : aborted(signal);
}
