// docs/operations.md against the code, both ways. A table that is missing here is not checked: add it
// to the list of its kind.
import {
  EXITS,
  loadConfig,
  namesOf,
  optionRows,
  promMetrics,
  readToml,
  SIGNALS,
  type Declaration,
  type Declared,
  type Options,
  systemClock,
} from "@warren/host";
import {
  agentConfig,
  agentDefaults,
  agentOptions,
  kubeSettings,
  readServices,
  startAgent,
  STRICT_TLS,
  type AgentConfig,
} from "@warren/agent";
import { chatOptions, NO_BUCKET_KEYS, readChatConfig, startChat } from "@warren/chat";
import { gatewayConfig, gatewayOptions, startGateway } from "@warren/gateway";
import { silentLog, startKubeApi } from "@warren/host/testing";
import { commands } from "@warren/warren";
import { CHAT_CODES, CODES, Policy } from "@warren/wire";
import { randomBytes } from "node:crypto";
import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./_rooms.ts";
import { code, tableUnder } from "./_tables.ts";

const OPERATIONS = "docs/operations.md";

const optionsOf = (name: string): Options => commands.find((one) => one.name === name)!.options;

/** Those of `options` that are not the very same in one of `others`. */
function besides(options: Options, ...others: Options[]): Options {
  const said = Object.entries(options).filter(
    ([key, option]) => !others.some((other) => other[key] === option),
  );
  return Object.fromEntries(said);
}

const everywhere = besides(optionsOf("gateway"), gatewayOptions);
const asking = besides(optionsOf("status"), everywhere);

/** Heading in the document, and the options that its table lists. */
const OPTION_TABLES: [string, Options][] = [
  ["Options that commands share", everywhere],
  ["Options of `gateway` and `up`", gatewayOptions],
  ["What `up` has other defaults for", besides(optionsOf("up"), everywhere, gatewayOptions)],
  ["Options of `agent`", besides(optionsOf("agent"), everywhere)],
  ["Options of `agent leave`", besides(optionsOf("agent leave"), everywhere, agentOptions, asking)],
  ["Options of `expose`", besides(optionsOf("expose"), everywhere, agentOptions, asking)],
  ["Options of `chat`", chatOptions],
  ["Options of `chat token`", besides(optionsOf("chat token"), everywhere)],
  ["Options of `chat keys rotate`", besides(optionsOf("chat keys rotate"), everywhere, asking)],
  ["Options of `token create`", besides(optionsOf("token create"), everywhere, asking)],
  ["Options of commands that ask or print", asking],
  ["Options of `claims release`", besides(optionsOf("claims release"), everywhere, asking)],
  ["Options of `routes`", besides(optionsOf("routes"), everywhere, asking)],
  ["Options of `why`", besides(optionsOf("why"), everywhere, asking)],
];

test("error codes", () => {
  const rows = tableUnder(OPERATIONS, "Error codes");
  expect(rows.map((row) => row.slice(0, 4))).toEqual(
    Object.entries(CODES).map(([name, { http, close, retry }]) => [
      code(name),
      String(http),
      String(close),
      retry ? "yes" : "no",
    ]),
  );
  expect(rows.filter((row) => (row[4] ?? "").length < 10)).toEqual([]);
});

test("error codes of the chat", () => {
  const rows = tableUnder(OPERATIONS, "Error codes of the chat");
  expect(rows.map((row) => row.slice(0, 4))).toEqual(
    Object.entries(CHAT_CODES).map(([name, { http, close, retry }]) => [
      code(name),
      String(http),
      String(close),
      retry ? "yes" : "no",
    ]),
  );
  expect(rows.filter((row) => (row[4] ?? "").length < 10)).toEqual([]);
});

test("exit codes", () => {
  expect(tableUnder(OPERATIONS, "Exit codes")).toEqual(
    Object.entries(EXITS).map(([name, { code, help }]) => [String(code), name, help]),
  );
});

test("signals", () => {
  expect(tableUnder(OPERATIONS, "Signals")).toEqual(
    Object.entries(SIGNALS).map(([name, help]) => [code(name), help]),
  );
});

describe("options", () => {
  test.each(OPTION_TABLES)("%s", (heading, options) => {
    expect(tableUnder(OPERATIONS, heading)).toEqual(
      optionRows(options).map(({ names, value, default: text, help }) => [
        code(names.flag && `${names.flag} ${value}`.trimEnd()),
        code(names.env),
        code(names.toml),
        code(text),
        help,
      ]),
    );
  });
});

test("every secret of the chat is in docs/secrets.md", () => {
  const text = readFileSync(join(ROOT, "docs/secrets.md"), "utf8");
  const secrets = Object.entries(chatOptions).filter(([, { kind }]) => kind === "secret");
  const missing = secrets.map(([key, option]) => namesOf(key, option as Declared).env);
  expect(missing.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test("every option of every command has a row", () => {
  const listed = new Set(OPTION_TABLES.flatMap(([, options]) => Object.values(options)));
  for (const { name, options } of commands)
    for (const [key, option] of Object.entries(options))
      expect(listed.has(option) || option === listedAs(key), `${name}: ${key}`).toBe(true);
});

/** `expose` takes some options of `agent`, which are listed there. */
function listedAs(key: string): unknown {
  return (agentOptions as Options)[key];
}

test("the example of a services file is one", () => {
  const [, text = ""] = /```toml\n([\s\S]*?)```/.exec(
    readFileSync(join(ROOT, OPERATIONS), "utf8"),
  )!;
  const toml = readToml({ name: OPERATIONS, text });
  if ("problem" in toml) throw new Error(toml.problem);
  const read = readServices(toml.document, { readFile: () => "PEM", tls: STRICT_TLS });
  expect(read).toMatchObject({ ok: true });
  const known = Object.keys(Policy.entries).filter((key) => key !== "basic_auth");
  for (const key of known) expect(text).toContain(key);
});

test("commands", () => {
  expect(tableUnder(OPERATIONS, "Commands")).toEqual(
    commands.map(({ name, summary }) => [code(`warren ${name}`), summary]),
  );
});

test("ports", () => {
  const ports = [
    ...["port", "tlsPort", "adminPort", "agentPort", "peerPort", "tcpPorts"].map(
      (key) => [key, gatewayOptions] as const,
    ),
    ["agentAdminPort", agentOptions] as const,
  ];
  const rows = tableUnder(OPERATIONS, "Ports");
  expect(rows.map(([flag, text]) => [flag, text])).toEqual(
    ports.map(([key, options]) => {
      const option = (options as Options)[key]!;
      return [code(namesOf(key, option).flag), option.default ?? "none"];
    }),
  );
});

describe("metrics", () => {
  test("of a gateway", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const argv = ["--port", "0", "--admin-port", "0", "--listen", "127.0.0.1"];
    const loaded = loadConfig(gatewayOptions, { argv, env: {}, file: undefined, all: [] });
    if (!loaded.ok) throw new Error(loaded.problems.join());
    const read = gatewayConfig(loaded.config, folder.path, (key) => key);
    if ("problems" in read) throw new Error(read.problems.join());
    const sockets = new Map<string, number>();
    const deps = { log: silentLog(), metrics: promMetrics(), clock: systemClock, sockets };
    await using _gateway = await startGateway(read.config, deps, new AbortController().signal);
    expect(tableUnder(OPERATIONS, "Metrics of a gateway")).toEqual(rowsOf(deps.metrics.declared));
  });

  test("of an agent", async () => {
    const unheard = { onRequest: undefined, onPort: undefined, onPublished: undefined };
    const said = { log: silentLog(), metrics: promMetrics(), version: "0" };
    const deps = { ...said, clock: systemClock, ...unheard };
    const proxy = { httpsProxy: undefined, httpProxy: undefined, noProxy: undefined };
    const config = agentConfig(agentDefaults, {
      id: "a",
      token: noToken,
      publications: [],
      kube: undefined,
      proxy,
    });
    await using _agent = await startAgent(config, deps, new AbortController().signal);
    expect(tableUnder(OPERATIONS, "Metrics of an agent")).toEqual(rowsOf(deps.metrics.declared));
  });
});

/** What an agent is told in a cluster whose API server is a test's. */
function inCluster(url: string, folder: string): NonNullable<AgentConfig["kube"]> {
  const kubeconfig = join(folder, "kubeconfig");
  const cluster = { server: url, "insecure-skip-tls-verify": true };
  const context = { cluster: "test", user: "test" };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: "test", cluster }],
      users: [{ name: "test", user: {} }],
      contexts: [{ name: "test", context }],
      "current-context": "test",
    }),
  );
  const options = { ...agentDefaults, kubeconfig };
  return kubeSettings(options, { host: undefined, port: undefined })!;
}

test("metrics of an agent in a cluster", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  await using api = await startKubeApi();
  const unheard = { onRequest: undefined, onPort: undefined, onPublished: undefined };
  const said = { log: silentLog(), metrics: promMetrics(), version: "0" };
  const proxy = { httpsProxy: undefined, httpProxy: undefined, noProxy: undefined };
  const kube = inCluster(api.url, folder.path);
  const given = { id: "a", token: noToken, publications: [], kube, proxy };
  await using _agent = await startAgent(
    agentConfig(agentDefaults, given),
    { ...said, clock: systemClock, ...unheard },
    new AbortController().signal,
  );
  const plain = tableUnder(OPERATIONS, "Metrics of an agent").map(([name]) => name);
  const more = rowsOf(said.metrics.declared).filter(([name]) => !plain.includes(name));
  expect(tableUnder(OPERATIONS, "Metrics of an agent in a cluster")).toEqual(more);
});

test("metrics of the chat", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  const argv = ["--port", "0", "--dev"];
  const loaded = loadConfig(chatOptions, { argv, env: {}, file: undefined, all: [] });
  if (!loaded.ok) throw new Error(loaded.problems.join());
  const keys = { current: randomBytes(32).toString("base64"), former: "" };
  const said = { log: silentLog(), metrics: promMetrics(), clock: systemClock };
  const read = readChatConfig(loaded.config, {
    folder: folder.path,
    jwtSecret: randomBytes(32).toString("base64"),
    keys,
    mongoUri: "",
    keySource: () => Promise.resolve(keys),
    carriers: { smtpPass: undefined, smsAuthToken: undefined },
    outbox: join(folder.path, "outbox"),
    pages: undefined,
    bucketKeys: NO_BUCKET_KEYS,
    env: {},
    deps: said,
  });
  if ("problems" in read) throw new Error(read.problems.join());
  const deps = { ...said, wallClock: Date.now, random: Math.random, fatal: () => {} };
  await using _chat = await startChat(read.config, deps, new AbortController().signal);
  expect(tableUnder(OPERATIONS, "Metrics of the chat")).toEqual(rowsOf(said.metrics.declared));
});

const noToken = () => Promise.resolve("");

function rowsOf(declared: readonly Declaration[]): string[][] {
  return declared.map(({ name, labels, help }) => [code(name), labels.map(code).join(", "), help]);
}
