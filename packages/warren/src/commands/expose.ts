import { agentConfig, agentDefaults, agentOptions, dialOptions, startAgent } from "@warren/agent";
import {
  cidrProblem,
  fromText,
  listOption,
  repeatedOption,
  openMetrics,
  option,
  Port,
  proxySettings,
  systemClock,
  Text,
  type Log,
} from "@warren/host";
import { HostPattern } from "@warren/wire";
import * as v from "valibot";
import { replaced } from "../agent/replaced.ts";
import { serviceTls } from "../agent/service-tls.ts";
import { command, scoped, usage, type Call } from "../cli/command.ts";
import { aborted, startUnder } from "../cli/lifetime.ts";
import { dataOption, jsonOption, logOptions, openLog, withDefault } from "../cli/options.ts";
import { openAgentSlot } from "../data/agent-slot.ts";
import { dataFolder } from "../data/data-folder.ts";
import { answers } from "../expose/answers.ts";
import { exposed, isTcp, type Exposed } from "../expose/exposed.ts";
import { liveLine, liveRecord } from "../expose/live-line.ts";
import { publicPlace, publicUrl } from "../expose/public-url.ts";
import { wayIn, type WayIn } from "../expose/way-in.ts";
import { VERSION } from "../version.ts";

const Host = fromText("a host like app.example.com", (text) => {
  const parsed = v.safeParse(HostPattern, text);
  return parsed.success ? parsed.output : undefined;
});
const Cidr = fromText("an address or a CIDR like 10.0.0.0/8", (text) =>
  cidrProblem(text) === undefined ? text : undefined,
);

const own = scoped("expose", {
  host: listOption({ value: "<name>", schema: Host, help: "Public name; again for more." }),
  path: option({ value: "<path>", schema: Text, default: "/", help: "Only what is below it." }),
  publicPort: option({
    value: "<port>",
    schema: Port,
    help: "Public port wanted, for tcp://; the gateway chooses unless set.",
  }),
  basicAuth: repeatedOption({
    value: "<user:password>",
    schema: Text,
    help: "Ask browsers for a name and a password; again for another user.",
  }),
  allow: listOption({ value: "<cidr>", schema: Cidr, help: "Let only these addresses in." }),
});
const options = {
  ...own,
  gateway: { ...agentOptions.gateway, help: "Gateway to dial; the one beside us unless set." },
  token: { ...agentOptions.token, help: "Credential; made with the data folder's key unless set." },
  ...dialOptions,
  data: dataOption,
  ...logOptions,
  logLevel: withDefault(logOptions.logLevel, "warn"),
  json: jsonOption,
};

export const expose = command({
  name: "expose",
  usage: "<port | host:port | tcp://host:port> --host <name>",
  summary: "one line from this machine to a public name",
  about: `Joins a gateway and publishes one service of this machine, or one that it reaches, under a public
name; prints each request as it ends. Beside a \`warren up\` it finds gateway and credential in the
data folder. A connection that breaks is dialled again, for ever. Services speak http:// unless
another word is before them: https://, h2c:// and h2:// (HTTP/2), tcp:// (a public port), tls:// (TLS
passes through untouched, chosen by its server name).`,
  examples: [
    { run: "warren expose 3000 --host app.localhost", why: "beside `warren up`" },
    {
      run: "warren expose 3000 --host app.example.com --gateway wss://gw.example.com --token-file t",
      why: "at a gateway elsewhere",
    },
    {
      run: "warren expose 3000 --host app.localhost --basic-auth me:secret --allow 192.0.2.0/24",
      why: "not for everybody",
    },
    { run: "warren expose tcp://localhost:5432", why: "a database, on a public port" },
  ],
  options,
  words: { least: 1, most: 1 },
  async run(call) {
    const shown = await readWish(call);
    const { config, secrets, signal, terminal } = call;
    await secrets.token?.read(); // a file that is not there is a slip to tell at once
    const log = openLog(config, call);
    const folder = dataFolder(config.data);
    using slot = await openAgentSlot(folder.slots, "expose");
    const asked = { gateways: config.gateway, token: secrets.token, hosts: config.host };
    const way = await wayIn(folder, slot, { ...asked, tcp: isTcp(shown.to) });
    const settings = agentConfig(
      { ...agentDefaults, ...config, gateway: way.gateways, drainDeadline: DRAIN_MS },
      {
        id: slot.agentId,
        token: way.token,
        publications: shown.publications,
        kube: undefined,
        proxy: proxySettings(call.env),
      },
    );
    await using running = await startUnder(signal, (starting) =>
      startAgent(settings, deps(call, shown, log, way), starting),
    );
    await Promise.race([aborted(signal), replaced(running.replaced)]);
    await running.drain("withdrawn");
    if (!config.json) terminal.note("stopped");
  },
});

/** Who presses Ctrl-C does not want to wait for every open page. */
const DRAIN_MS = 1_000;

type ExposeCall = Call<typeof options>;

async function readWish({ config, positionals: [destination = ""] }: ExposeCall): Promise<Exposed> {
  const { host: hosts, path, publicPort, basicAuth, allow } = config;
  const wish = { destination, hosts, path, publicPort, basicAuth, allow };
  const read = await exposed(wish, serviceTls(config));
  if ("problems" in read) throw usage("expose", read.problems);
  return read;
}

function deps(call: ExposeCall, shown: Exposed, log: Log, way: WayIn) {
  const { config, terminal } = call;
  const { to } = shown;
  const tell = (record: object, line: string) =>
    terminal.out(config.json ? JSON.stringify(record) : line);
  let told = false;
  return {
    log,
    metrics: openMetrics(),
    clock: systemClock,
    version: VERSION,
    onRequest: (seen: Parameters<typeof liveRecord>[0]) =>
      tell(liveRecord(seen), liveLine(seen, terminal.paintOut)),
    onPublished: (routes: number) => {
      // Said again after each connect; news only once. None: the log says why they were refused.
      if (!told && routes > 0) {
        announce(call, shown, way);
        void noteIfSilent(call, to);
      }
      told ||= routes > 0;
    },
    onPort: (_route: string, port: number) => {
      const place = publicPlace(way.gateways[0] ?? "", config.host[0], port);
      tell(
        { public: place, service: named(to) },
        `${terminal.paintOut("bold", place)} -> ${named(to)}`,
      );
    },
  };
}

/** What is public now; a tcp service is told with its port, once the gateway has chosen that. */
function announce({ config, terminal }: ExposeCall, { to }: Exposed, way: WayIn): void {
  if (isTcp(to)) return;
  for (const host of config.host) {
    const url = publicUrl(way.gateways[0] ?? "", host, config.path, to);
    const line = `${terminal.paintOut("bold", url)} -> ${named(to)}`;
    terminal.out(config.json ? JSON.stringify({ public: url, service: named(to) }) : line);
  }
}

/** A port that is mistyped, or a service that is not started yet: said before a visitor finds out. */
async function noteIfSilent({ terminal }: ExposeCall, to: Exposed["to"]): Promise<void> {
  if (await answers(to)) return;
  const text = `nothing answers at ${named(to)} yet: until it does, requests get 502`;
  terminal.note(terminal.paintNote("yellow", text));
}

function named({ protocol, passthrough, host, port }: Exposed["to"]): string {
  const place = host.includes(":") ? `[${host}]` : host;
  return `${passthrough ? "tls" : protocol}://${place}:${port}`;
}
