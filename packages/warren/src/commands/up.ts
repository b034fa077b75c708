import { chatOptions } from "@warren/chat";
import { gatewayConfig, gatewayOptions, startGateway, type RunningGateway } from "@warren/gateway";
import { openMetrics, systemClock, type Log } from "@warren/host";
import { openChat, type OpenedChat } from "../chat/open-chat.ts";
import { command, usage, type Call } from "../cli/command.ts";
import { aborted, startUnder } from "../cli/lifetime.ts";
import { dataOption, logOptions, openLog, withDefault } from "../cli/options.ts";
import { endpointUpstreams } from "../direct/endpoint-upstreams.ts";
import { dataFolder, type DataFolder } from "../data/data-folder.ts";
import { lockForGateway } from "../data/gateway-lock.ts";
import { localAddresses } from "../data/local-addresses.ts";
import { announceGateway } from "../data/running-gateway.ts";
import { banner } from "../up/banner.ts";
import { keepChild, type ChildCommand } from "../up/child.ts";
import { CHAT_HOST, DEMO_HOST, prepareDemo } from "../up/demo-cluster.ts";
import { VERSION } from "../version.ts";

const options = {
  ...gatewayOptions,
  // On one's own machine nobody waits for balancers, and who presses Ctrl-C wants an end.
  drainDelay: withDefault(gatewayOptions.drainDelay, "0"),
  drainDeadline: withDefault(gatewayOptions.drainDeadline, "1s"),
  tcpPorts: withDefault(gatewayOptions.tcpPorts, "20000-20099"),
  // Whoever exposes something beside it is in one claim group.
  groupPorts: withDefault(gatewayOptions.groupPorts, "100"),
  data: dataOption,
  ...logOptions,
};

export const up = command({
  name: "up",
  usage: "[--port <port>] [--admin-port <port>] [--data <folder>]",
  summary: "everything on this machine: a gateway, an agent, a chat, a demo site",
  about: `Starts a gateway and a chat in this process, and an agent in one of its own that joins the gateway
by a real tunnel and serves the chat, at http://${CHAT_HOST}:8080/, and a small demo site, at
http://${DEMO_HOST}:8080/. Keys and state are kept in ./data. What you expose beside it (\`warren
expose\`) finds its way in by itself. The chat takes its settings (models, mail, limits) from the
environment and the file, as \`warren chat --dev\` does.`,
  examples: [
    { run: "warren up", why: "HTTP on 8080, admin on 127.0.0.1:9090" },
    { run: "warren up --port 8000 --admin-port 9000 --data /tmp/warren", why: "elsewhere" },
  ],
  options,
  words: { least: 0, most: 0 },
  async run(call) {
    const folder = dataFolder(call.config.data);
    const read = gatewayConfig(call.config, folder.path, (key) => call.said(key));
    if ("problems" in read) throw usage("up", read.problems);
    using _lock = lockForGateway(folder);
    await prepareDemo(folder);
    const log = openLog(call.config, call);
    const deps = {
      log,
      metrics: openMetrics(),
      clock: systemClock,
      sockets: new Map<string, number>(),
      upstreams: endpointUpstreams,
    };
    await using chat = await chatHere(call, log);
    await using gateway = await startUnder(call.signal, (signal) =>
      startGateway(read.config, deps, signal),
    );
    const { url, admin } = localAddresses(read.config, gateway);
    await using _said = await announceGateway(folder.running, {
      pid: call.self.pid,
      gateway: url,
      admin,
    });
    const child = keepChild(
      agentCommand(call, { folder, gateway: url, chatPort: chat.running.port }),
      log,
    );
    const stopped = Promise.race([aborted(call.signal), gateway.drainAsked, chat.lost]);
    void child.joined.then((pid) => greet(call, { gateway, chat, admin, pid, folder }));
    await stopped;
    const { deadlineMs } = read.config.drain;
    await chat.running.drain();
    await Promise.all([child.stop(deadlineMs + GRACE_MS), gateway.drain()]);
  },
});

/** What the child may take beyond its own deadline before it is cut off. */
const GRACE_MS = 2_000;

/** Alone on this machine, behind the gateway, whose word about who asks is believed. */
const CHAT_FLAGS = [
  "--dev",
  "--host",
  "127.0.0.1",
  "--port",
  "0",
  "--trusted-proxy",
  "127.0.0.1/32",
];

function chatHere(call: Call<typeof options>, log: Log): Promise<OpenedChat> {
  const { config, secrets } = call.also(chatOptions, CHAT_FLAGS);
  const { data, drainDeadline: runsMs } = call.config;
  const { env, signal, self } = call;
  return openChat(
    { config: { ...config, data }, secrets, env, signal, self },
    { command: "up", log, drain: { delayMs: 0, spreadMs: 0, runsMs } },
  );
}

interface Started {
  gateway: RunningGateway;
  chat: OpenedChat;
  admin: string;
  pid: number;
  folder: DataFolder;
}

/** Says what runs, once the gateway has taken the demo's route. */
function greet(
  { terminal, env }: Call<typeof options>,
  { gateway, chat, admin, pid, folder }: Started,
): void {
  const facts = {
    version: VERSION,
    httpPort: gateway.ports.http,
    adminUrl: admin,
    agentPid: pid,
    demoHost: DEMO_HOST,
    chatHost: CHAT_HOST,
    waysIn: chat.waysIn,
    data: folder.path,
    // Started by npm, or by npx, it is not on the path.
    program: env["npm_execpath"] === undefined ? "warren" : "npx warren",
  };
  terminal.out(banner(facts, terminal.paintOut));
}

function agentCommand(
  { config, env, self }: Call<typeof options>,
  { folder, gateway, chatPort }: { folder: DataFolder; gateway: string; chatPort: number },
): ChildCommand {
  const words = ["agent", "--gateway", gateway, "--token-file", folder.demoToken];
  words.push("--data", folder.path, "--demo", DEMO_HOST, "--end-with-stdin");
  words.push("--service", `${CHAT_HOST}=127.0.0.1:${chatPort}`);
  words.push("--log-level", config.logLevel === "info" ? "warn" : config.logLevel);
  words.push("--log-format", config.logFormat, "--drain-deadline", `${config.drainDeadline}ms`);
  // Its flags say it all; a WARREN_TOKEN meant for this process would be a second word.
  const rest = Object.entries(env).filter(([name]) => !name.startsWith("WARREN_"));
  return { node: self.node, words: [...self.nodeWords, ...words], env: Object.fromEntries(rest) };
}
