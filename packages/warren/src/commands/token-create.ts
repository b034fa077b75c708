import {
  Duration,
  ExitError,
  fromText,
  listOption,
  option,
  PerSecond,
  Port,
  randomId,
  replaceFile,
  switchOption,
  Text,
  wallClock,
  WholeNumber,
  type ConfigOf,
} from "@warren/host";
import {
  createToken,
  openSigningKey,
  TokenTooLongError,
  type TokenClaimsInput,
} from "@warren/gateway";
import { describe, HostPattern, TokenClaims } from "@warren/wire";
import { randomUUID } from "node:crypto";
import { realpath, stat, writeFile } from "node:fs/promises";
import * as v from "valibot";
import { command, scoped, usage } from "../cli/command.ts";
import { dataOption, jsonOption } from "../cli/options.ts";
import { dataFolder } from "../data/data-folder.ts";

const Pattern = fromText("a host like app.example.com, *.example.com or **.example.com", (text) => {
  const parsed = v.safeParse(v.union([v.literal("*"), HostPattern]), text);
  return parsed.success ? parsed.output : undefined;
});
const Uuid = fromText("a uuid", (text) =>
  v.is(v.pipe(v.string(), v.uuid()), text) ? text : undefined,
);

/** The end of the year 9999: later dates have no text. */
const LAST_MS = 253_402_300_799_000;

const own = scoped("token create", {
  cluster: option({ value: "<name>", schema: Text, help: "Name of the cluster." }),
  host: listOption({ value: "<pattern>", schema: Pattern, help: "Hosts that it may claim." }),
  ttl: option({
    value: "<duration>",
    schema: Duration,
    help: "How long it counts; for ever unless set.",
  }),
  uuid: option({ value: "<uuid>", schema: Uuid, help: "Of a cluster that has one already." }),
  group: option({
    value: "<name>",
    schema: Text,
    help: "Clusters of one group share their hosts; the cluster alone unless set.",
  }),
  rate: option({
    value: "<rate>",
    schema: PerSecond,
    help: "Requests of the cluster, like 100/s.",
  }),
  burst: option({
    value: "<count>",
    schema: WholeNumber,
    help: "How many may come at once; ten times --rate unless set.",
  }),
  clientRate: option({
    value: "<rate>",
    schema: PerSecond,
    help: "Requests of each client address.",
  }),
  clientBurst: option({
    value: "<count>",
    schema: WholeNumber,
    help: "How many of one client at once.",
  }),
  directPort: listOption({
    value: "<port>",
    schema: Port,
    help: "Port of its own endpoint that gateways may dial, besides 80 and 443.",
  }),
  tcp: switchOption({ help: "It may ask for public TCP ports." }),
  out: option({
    value: "<file>",
    schema: Text,
    help: "Write the token there, for its owner alone.",
  }),
});
const options = { ...own, data: dataOption, json: jsonOption };

export const tokenCreate = command({
  name: "token create",
  usage: "--cluster <name> --host <pattern>...",
  summary: "make the credential with which a cluster's agents come in",
  about: `Makes a token that says who a cluster is and which hosts it may claim, signed with the key in
the data folder (made where there is none). Gateways that hold the public half, <data>/keys/*.pem,
let its bearer in. The token goes to standard output, all about it to standard error.`,
  examples: [
    {
      run: "warren token create --cluster home --host '*.home.example.com' --out home.token",
      why: "everything one level below a name, for ever",
    },
    {
      run: "warren token create --cluster ci --host ci.example.com --ttl 12h --rate 100/s --burst 1000",
      why: "one host, for half a day, and not too much of it",
    },
    {
      run: "warren token create --cluster db --host db.example.com --tcp --json",
      why: "public TCP ports too; as JSON",
    },
  ],
  options,
  words: { least: 0, most: 0 },
  async run({ config, terminal }) {
    const claims = claimsOf(config);
    const folder = dataFolder(config.data);
    const key = await openSigningKey({ privateFile: folder.signingKey, publicFolder: folder.keys });
    const token = await createToken(key, claims).catch((cause: unknown) => {
      if (!(cause instanceof TokenTooLongError)) throw cause;
      throw usage("token create", [`--host: ${cause.message}`]);
    });
    if (config.out !== undefined) await writeToken(config.out, token);
    if (config.json) {
      const shown = { cluster_uuid: claims.sub, token_id: claims.jti, ...claims, token };
      return terminal.out(JSON.stringify(shown, undefined, 2));
    }
    for (const line of story(claims, config.out)) terminal.note(line);
    if (config.out === undefined) terminal.out(token);
  },
});

function claimsOf(config: ConfigOf<typeof options>): TokenClaimsInput {
  const { directPort: directPorts } = config;
  const { cluster, host: hosts, ttl, rate, burst, clientRate, clientBurst, tcp } = config;
  const problems: string[] = [];
  if (cluster === undefined) problems.push("--cluster: needed");
  if (hosts.length === 0) problems.push("--host: needed, at least once");
  if (burst !== undefined && rate === undefined) problems.push("--burst: needs --rate");
  if (clientBurst !== undefined && clientRate === undefined)
    problems.push("--client-burst: needs --client-rate");
  if (ttl === 0) problems.push("--ttl: the token would have ended before it is used");
  if (ttl !== undefined && wallClock() + ttl > LAST_MS)
    problems.push("--ttl: too long; leave it out for a token that does not end");
  if (cluster === undefined || problems.length > 0) throw usage("token create", problems);
  const uuid = config.uuid ?? randomUUID();
  const now = Math.floor(wallClock() / 1000);
  const claims = {
    jti: randomId(12),
    sub: uuid,
    cluster,
    group: config.group ?? uuid,
    hosts: [...hosts],
    tcp,
    iat: now,
    ...(rate !== undefined && { rate: rateOf(rate, burst) }),
    ...(clientRate !== undefined && { client_rate: rateOf(clientRate, clientBurst) }),
    ...(directPorts.length > 0 && { direct_ports: [...directPorts] }),
    ...(ttl !== undefined && { exp: now + Math.ceil(ttl / 1000) }),
  };
  const parsed = v.safeParse(TokenClaims, claims);
  if (!parsed.success) throw usage("token create", describe(parsed.issues).split("; "));
  return claims;
}

/** The seed's proportion: 100/s with a burst of 1000. */
function rateOf(perSecond: number, burst = Math.max(1, Math.ceil(perSecond * 10))) {
  return { per_second: perSecond, burst: Math.max(1, burst) };
}

/**
 * An agent may be reading the token that was there: it is replaced as a whole, and is nobody else's
 * to read for no moment. What is no file (a pipe, a terminal) is written to.
 */
async function writeToken(file: string, token: string): Promise<void> {
  const text = `${token}\n`;
  try {
    const there = await stat(file).catch(() => undefined);
    if (there === undefined) await replaceFile(file, text);
    else if (there.isFile()) await replaceFile(await realpath(file), text);
    else await writeFile(file, text);
  } catch (cause) {
    throw new ExitError("failed", `--out ${file}: cannot be written`, { cause });
  }
}

function story(claims: TokenClaimsInput, out: string | undefined): string[] {
  const { cluster, sub, jti, hosts, exp } = claims;
  const until = exp === undefined ? "revoked" : new Date(exp * 1000).toISOString();
  return [
    `cluster   ${cluster} ${sub}`,
    `token id  ${jti} (for \`warren token revoke\`)`,
    `hosts     ${hosts.join(" ")}`,
    `counts    until ${until}`,
    ...(out === undefined ? [] : [`written   ${out}`]),
  ];
}
