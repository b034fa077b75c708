import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  configFile,
  Duration,
  helpText,
  listOption,
  loadConfig,
  option,
  optionTable,
  Port,
  repeatedOption,
  secretOption,
  switchOption,
  tablesOption,
  Text,
  type Sources,
} from "../index.ts";

const options = {
  port: option({ value: "<port>", schema: Port, default: "8080", help: "Public port." }),
  idleAfter: option({ value: "<duration>", schema: Duration, help: "Idle limit." }),
  host: listOption({ value: "<pattern>", schema: Text, help: "Host to publish." }),
  user: repeatedOption({ value: "<user>", schema: Text, help: "Who may come in." }),
  redirect: switchOption({ default: "true", help: "Redirect to HTTPS." }),
  verbose: switchOption({ help: "Say more." }),
  redisUrl: option({
    value: "<url>",
    schema: Text,
    help: "Registry.",
    names: { env: "REDIS_URL", toml: "registry.url" },
  }),
  token: secretOption({ help: "Credential." }),
};
const other = { agentName: option({ value: "<name>", schema: Text, help: "Of another command." }) };

function load(from: { argv?: string[]; env?: Record<string, string>; toml?: string } = {}) {
  const file = from.toml === undefined ? undefined : { name: "warren.toml", text: from.toml };
  const sources: Sources = { argv: from.argv ?? [], env: from.env ?? {}, file, all: [other] };
  return loadConfig(options, sources);
}
function loaded(from: Parameters<typeof load>[0]) {
  const result = load(from);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result;
}
function problems(from: Parameters<typeof load>[0]) {
  const result = load(from);
  return result.ok ? [] : result.problems;
}

describe("values", () => {
  test("come from defaults when nobody says anything", () => {
    const { config, secrets } = loaded({});
    expect(config).toEqual({
      port: 8080,
      idleAfter: undefined,
      host: [],
      user: [],
      redirect: true,
      verbose: false,
      redisUrl: undefined,
    });
    expect(secrets).toEqual({ token: undefined });
    expectTypeOf(config.port).toEqualTypeOf<number>();
    expectTypeOf(config.idleAfter).toEqualTypeOf<number | undefined>();
    expectTypeOf(config.host).toEqualTypeOf<readonly string[]>();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each([
    {
      name: "flag first",
      argv: ["--port", "1"],
      env: { WARREN_PORT: "2" },
      toml: "port = 3",
      want: 1,
    },
    { name: "then environment", argv: [], env: { WARREN_PORT: "2" }, toml: "port = 3", want: 2 },
    { name: "then file", argv: [], env: {}, toml: "port = 3", want: 3 },
    { name: "an empty flag is unset", argv: ["--port="], env: {}, toml: "port = 3", want: 3 },
    {
      name: "an empty variable is unset",
      argv: [],
      env: { WARREN_PORT: "" },
      toml: "port = 3",
      want: 3,
    },
    { name: "an empty text is unset", argv: [], env: {}, toml: 'port = ""', want: 8080 },
  ])("$name", ({ argv, env, toml, want }) => {
    expect(loaded({ argv, env, toml }).config.port).toBe(want);
  });

  test.each([
    { name: "flags repeated", from: { argv: ["--host", "a", "--host=b,c"] } },
    { name: "a variable with commas", from: { env: { WARREN_HOST: "a, b,,c" } } },
    { name: "a list in the file", from: { toml: 'host = ["a", "b", "c"]' } },
  ])("a list is $name", ({ from }) => {
    expect(loaded(from).config.host).toEqual(["a", "b", "c"]);
  });

  test.each([
    { name: "flags repeated", from: { argv: ["--user", "me:a,b", "--user=you:c"] } },
    { name: "a list in the file", from: { toml: 'user = ["me:a,b", "you:c"]' } },
  ])("what may have commas in it is $name", ({ from }) => {
    expect(loaded(from).config.user).toEqual(["me:a,b", "you:c"]);
  });

  test("a variable says one of what may have commas in it", () => {
    expect(loaded({ env: { WARREN_USER: "me:a, b" } }).config.user).toEqual(["me:a, b"]);
  });

  test.each([
    { argv: ["--verbose"], key: "verbose" as const, want: true },
    { argv: ["--verbose=false"], key: "verbose" as const, want: false },
    { argv: ["--no-redirect"], key: "redirect" as const, want: false },
  ])("a switch is said by $argv", ({ argv, key, want }) => {
    expect(loaded({ argv }).config[key]).toBe(want);
  });

  test("names may differ from the key, and lie deeper in the file", () => {
    expect(loaded({ env: { REDIS_URL: "redis://a" } }).config.redisUrl).toBe("redis://a");
    expect(loaded({ toml: '[registry]\nurl = "redis://b"' }).config.redisUrl).toBe("redis://b");
  });

  test("what is no flag is a positional, and everything behind --", () => {
    const { positionals } = loaded({ argv: ["3000", "--verbose", "-", "--", "--port"] });
    expect(positionals).toEqual(["3000", "-", "--port"]);
  });

  test("later problems can be told under the name that was typed", () => {
    expect(loaded({ env: { WARREN_PORT: "1" } }).said("port")).toBe("WARREN_PORT");
    expect(loaded({ toml: "port = 1" }).said("port")).toBe("warren.toml: port");
    expect(loaded({}).said("port")).toBe("--port");
  });
});

describe("an array of tables", () => {
  const models = tablesOption({ help: "Models.", names: { toml: "llm.models" } });
  const loadTables = (toml: string) =>
    loadConfig(
      { models },
      { argv: [], env: {}, file: { name: "warren.toml", text: toml }, all: [other] },
    );

  test("comes as the tables that were written, in their order", () => {
    const read = loadTables('[[llm.models]]\nid = "a"\nprice = 1\n[[llm.models]]\nid = "b"');
    expect(read.ok && read.config.models).toEqual([{ id: "a", price: 1 }, { id: "b" }]);
    expect(loadTables("").ok && loadTables("")).toMatchObject({ config: { models: [] } });
  });

  test.each(["[llm]\nmodels = 7", '[llm]\nmodels = ["s3cret"]', '[llm.models]\nkey = "s3cret"'])(
    "is refused as %j, without quoting it",
    (toml) => {
      const read = loadTables(toml);
      expect(!read.ok && read.problems).toEqual([
        "warren.toml: llm.models: expected tables, each under [[llm.models]]",
      ]);
    },
  );
});

describe("problems", () => {
  test("are told all at once, under the names that were typed", () => {
    expect(
      problems({
        argv: ["--prot", "1", "--idle-after", "soon", "--verbose", "--verbose"],
        env: { WARREN_PORT: "http", WARREN_HOTS: "a", HOME: "/root" },
        toml: 'redirect = "maybe"\nnope = 1',
      }),
    ).toEqual([
      "--prot: unknown flag (did you mean --port?)",
      "--verbose: given twice",
      "WARREN_HOTS: unknown variable (did you mean WARREN_HOST?)",
      "warren.toml: nope: unknown key",
      'WARREN_PORT: expected a port from 0 to 65535, got "http"',
      '--idle-after: expected a duration like 250ms, 30s, 5m, 12h or 90d, got "soon"',
      'warren.toml: redirect: expected true or false, got "maybe"',
    ]);
  });

  test.each([
    {
      name: "a flag at the end without its value",
      argv: ["--port"],
      want: "--port: a value must follow",
    },
    {
      name: "a flag whose value is a flag",
      argv: ["--port", "--verbose"],
      want: "--port: a value must follow",
    },
    {
      name: "several values for one",
      toml: "port = [1, 2]",
      want: "warren.toml: port: expected one value",
    },
    {
      name: "a table for a value",
      toml: "[port]\na = 1",
      want: "warren.toml: port: expected a value or a list",
    },
    {
      name: "a file that is no TOML",
      toml: "a = = 1\nsecret",
      want: expect.stringMatching(/^warren.toml: line 1, column \d+: [^\n]*$/),
    },
    {
      name: "a secret in the file",
      toml: 'token = "x"',
      want: "warren.toml: token: unknown key",
    },
  ])("$name", ({ want, ...from }) => {
    expect(problems(from)).toContainEqual(want);
  });

  test("names that another command knows are none", () => {
    expect(problems({ env: { WARREN_AGENT_NAME: "a" }, toml: 'agent_name = "a"' })).toEqual([]);
  });

  test("what Kubernetes injects for a Service called warren is ignored with one warning", () => {
    const { config, warnings } = loaded({
      env: {
        WARREN_SERVICE_HOST: "10.0.0.1",
        WARREN_SERVICE_PORT: "80",
        WARREN_SERVICE_PORT_HTTP: "80",
        WARREN_PORT: "tcp://10.0.0.1:80",
        WARREN_PORT_80_TCP: "tcp://10.0.0.1:80",
        WARREN_PORT_80_TCP_PROTO: "tcp",
        WARREN_GATEWAY_SERVICE_HOST: "10.0.0.2",
        KUBERNETES_SERVICE_HOST: "10.0.0.3",
      },
    });
    expect(config.port).toBe(8080);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^ignored, since Kubernetes sets them for Services: WARREN_GATEWAY_/,
    );
    expect(warnings[0]).toContain("WARREN_PORT_80_TCP_PROTO");
    expect(warnings[0]).not.toContain("KUBERNETES");
  });
});

test.each(["redis//me:s3cret@host:1", "http://me:s3cret@host", "me:s3@cret@host"])(
  "a password in %s is not repeated in the problem",
  (url) => {
    const [problem, ...more] = problems({ argv: ["--idle-after", url] });
    expect(more).toEqual([]);
    expect(problem).toMatch(/^--idle-after: expected a duration .*, got "\*\*\*@host(:1)?"$/);
  },
);

describe("a secret", () => {
  test.each([
    { name: "by flag", from: (path: string) => ({ argv: ["--token-file", path] }) },
    { name: "by variable", from: (path: string) => ({ env: { WARREN_TOKEN_FILE: path } }) },
    { name: "by key", from: (path: string) => ({ toml: `token_file = ${JSON.stringify(path)}` }) },
  ])("comes from a file named $name, as it is at each use", async ({ from }) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const path = join(folder.path, "token");
    writeFileSync(path, "one\n");
    const { token } = loaded(from(path)).secrets;
    expect(await token?.read()).toBe("one");
    writeFileSync(path, "two");
    expect(await token?.read()).toBe("two");
    writeFileSync(path, " \n");
    await expect(token?.read()).rejects.toThrow("the file is empty");
  });

  test("may be said itself, and is never shown", async () => {
    const { token } = loaded({ env: { WARREN_TOKEN: "s3cret" } }).secrets;
    expect(await token?.read()).toBe("s3cret");
    expect(
      `${String(token)} ${JSON.stringify({ token })} ${inspect({ token }, { depth: 9 })}`,
    ).not.toContain("s3cret");
  });

  test("put where a path belongs is not echoed", async () => {
    const { token } = loaded({ env: { WARREN_TOKEN_FILE: "s3cret" } }).secrets;
    await expect(token?.read()).rejects.toThrow(/^WARREN_TOKEN_FILE: there is no such file$/);
  });

  test("said twice is a problem", () => {
    expect(problems({ argv: ["--token", "a"], env: { WARREN_TOKEN_FILE: "b" } })).toEqual([
      "--token and WARREN_TOKEN_FILE: give one of them",
    ]);
  });
});

test.each([
  { argv: ["--port", "1", "--config", "a.toml"], env: { WARREN_CONFIG: "b.toml" }, want: "a.toml" },
  { argv: ["--port", "1"], env: { WARREN_CONFIG: "b.toml" }, want: "b.toml" },
  { argv: ["--config="], env: { WARREN_CONFIG: "" }, want: undefined },
])("the file is found before the options are read: $want", ({ argv, env, want }) => {
  expect(configFile(argv, env)).toBe(want);
});

test("a default that does not fit its own schema is a bug that shows at once", () => {
  expect(() => option({ value: "<port>", schema: Port, default: "http", help: "Port." })).toThrow(
    "does not fit",
  );
});

test("help and the documentation's table come from the same list", () => {
  const help = helpText(options);
  expect(help).toContain("  --port <port>               Public port. [default 8080, WARREN_PORT]");
  expect(help).toContain("--token-file <file>");
  const table = optionTable(options).split("\n");
  expect(table[2]).toBe("| `--port <port>` | `WARREN_PORT` | `port` | `8080` | Public port. |");
  expect(table).toHaveLength(2 + 9);
});
