import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { commands } from "../src/index.ts";
import { BIN, Cli, house } from "./_cli.ts";

/** So that a command that should fail is not in anybody's way if it does not. */
const freePorts = (line: string) =>
  /^(gateway|up)/.test(line) ? ["--port", "0", "--admin-port", "0"] : [];

describe("warren", () => {
  test("without a command shows what there is, and fails", async () => {
    using home = house();
    const { code, stdout, stderr } = await home.run([]);
    expect([code, stdout]).toEqual([2, ""]);
    for (const { name, summary } of commands)
      expect(stderr).toMatch(`${name.padEnd(18)}${summary}`);
  });

  test.each([["--help"], ["-h"], ["help"]])("%s shows it on standard output", async (word) => {
    using home = house();
    const { code, stdout, stderr } = await home.run([word]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Exit codes");
  });

  test("--version says the version", async () => {
    using home = house();
    expect(await home.run(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  test.each([
    { words: ["tokn"], want: "warren: tokn: unknown command (did you mean token?)" },
    { words: ["token"], want: "warren: token: which of warren token create, warren token revoke" },
    {
      words: ["token", "creat"],
      want: "token creat: unknown command (did you mean token create?)",
    },
    { words: ["--port", "1"], want: "--port: a command comes first" },
    { words: ["status", "now"], want: "warren: not expected here: now" },
    { words: ["why"], want: "something is missing: warren why <url>" },
    { words: ["why", "::::"], want: "expected a URL like http://app.example.com/path" },
    { words: ["token", "revoke", "a.b.c"], want: "expected the token's id, not the token" },
    { words: ["status", "--jsn"], want: "warren: --jsn: unknown flag (did you mean --json?)" },
    {
      words: ["status", "--config", "none.toml"],
      want: "--config none.toml: there is no such file",
    },
  ])("$words is an error with a way out", async ({ words, want }) => {
    using home = house();
    const { code, stderr } = await home.run(words);
    expect(code).toBe(2);
    expect(stderr).toContain(want);
  });

  const create = ["token", "create", "--cluster", "c", "--host", "a.b"];
  const many = Array.from({ length: 400 }, (_, n) => `host-${n}.example.com`).join(",");
  test.each([
    { words: [...create, "--ttl", "0"], want: "--ttl: the token would have ended" },
    { words: [...create, "--ttl", "999999999d"], want: "--ttl: too long; leave it out" },
    { words: [...create, "--group", "g".repeat(254)], want: "group: Invalid length" },
    { words: [...create, "--host", many], want: "--host: the token would be longer than 8192" },
  ])("$want: no token that no gateway would take", async ({ words, want }) => {
    using home = house();
    const { code, stdout, stderr } = await home.run(words);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(want);
  });

  test("a token file is replaced as a whole, for its owner alone, also behind a link", async () => {
    using home = house();
    writeFileSync(home.at("real"), "old", { mode: 0o644 });
    symlinkSync("real", home.at("link"));
    const before = openSync(home.at("real"), "r");
    expect((await home.run([...create, "--out", "link"])).code).toBe(0);
    // Who was reading it goes on with what it was, not with half of each.
    expect(readFileSync(before, "utf8")).toBe("old");
    expect(readFileSync(home.at("real"), "utf8")).toMatch(/^ey\S+\n$/);
    expect(statSync(home.at("real")).mode & 0o777).toBe(0o600);
    expect(lstatSync(home.at("link")).isSymbolicLink()).toBe(true);
  });

  test.runIf(existsSync("/dev/full"))(
    "a token that could not be printed is no success",
    async () => {
      using home = house();
      const line = `"$0" "$1" token create --cluster c --host a.b > /dev/full`;
      const shell = new Cli(["sh", "-c", line, process.execPath, BIN], { env: {}, cwd: home.path });
      const { code, stderr } = await shell.ended();
      expect(code).toBe(1);
      expect(stderr).toContain("warren: standard output cannot be written: ENOSPC");
    },
  );

  test("files of the data folder that hold something else are named, without a stack", async () => {
    using home = house();
    mkdirSync(home.at("data"));
    for (const name of ["running.json", "signing-key.pem"])
      writeFileSync(home.at("data", name), "{");
    const said = [await home.run(["status"]), await home.run(create)];
    expect(said.map(({ code }) => code)).toEqual([1, 1]);
    expect(said[0]!.stderr).toMatch(
      /^warren: \S+running.json is damaged or of another version: .*\n$/,
    );
    expect(said[1]!.stderr).toMatch(/^warren: \S+signing-key.pem does not hold an Ed25519 .*\n$/);
  });

  test("what answers but is no admin listener is told so", async () => {
    using home = house();
    const other = createServer((_request, response) => response.end("hello")).listen(
      0,
      "127.0.0.1",
    );
    await once(other, "listening");
    const admin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const words of [["status"], ["why", "http://a.b/"]]) {
      const { code, stderr } = await home.run([...words, "--admin", admin]);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^warren: \S+ answers in a way .*: is that a gateway's admin listener\?\n$/,
      );
    }
    other.close();
  });

  test("tells every problem at once, of flags, variables and file", async () => {
    using home = house();
    writeFileSync(home.at("w.toml"), 'dta = "x"\n');
    const words = ["token", "create", "--ttl", "soon", "--hots", "a", "--config", "w.toml"];
    const { code, stderr } = await home.run(words, { WARREN_PROT: "1" });
    expect(code).toBe(2);
    expect(stderr.split("\n").slice(1, 5)).toEqual([
      "  --hots: unknown flag (did you mean --host?)",
      "  WARREN_PROT: unknown variable (did you mean WARREN_PORT?)",
      "  w.toml: dta: unknown key (did you mean data?)",
      '  --ttl: expected a duration like 250ms, 30s, 5m, 12h or 90d, got "soon"',
    ]);
  });

  test("tells what a chat was told wrongly together with what cannot be read", async () => {
    using home = house();
    const env = { WARREN_CHAT_FOO: "1", RATE_LIMIT: "x", JWT_SECRET: "s3cret" };
    const { code, stderr } = await home.run(["chat"], { ...env, SMTP_PASS: "change-me" });
    expect(code).toBe(2);
    for (const name of ["WARREN_CHAT_FOO: unknown", "RATE_LIMIT: expected", "JWT_SECRET: shorter"])
      expect(stderr).toContain(name);
    expect(stderr).toContain("ENCRYPTION_KEY: not set");
    expect(stderr).toContain("WS_ALLOWED_ORIGINS: not set");
    expect(stderr).toContain("SMTP_PASS: still the template's placeholder");
    expect(stderr).not.toMatch(/s3cret|change-me/);
  });

  test.each(["up", "token keygen"])("%s names a data folder that cannot be", async (name) => {
    using home = house();
    writeFileSync(home.at("file"), "");
    const words = [...name.split(" "), "--data", "file/data"];
    const { code, stderr } = await home.run(words);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^warren: \S+file\/data\S*: a part of this path is no folder; --data /);
  });

  const nowhere = [
    { line: "gateway --data file", want: "file: it is a file, no folder; --data names the folder" },
    {
      line: "token create --cluster a --host a.test --data file/data",
      want: "file/data/signing-key.pem: a part of this path is no folder; --data names the folder",
    },
    { line: "gateway --keys file", want: "file: it is a file, no folder; --keys names the folder" },
    { line: "up --keys file", want: "file: it is a file, no folder; --keys names the folder" },
    {
      line: "gateway --certificates missing/tls",
      want: "missing/tls: neither it nor missing is there; --certificates names the folder to use",
    },
    {
      line: "gateway --peer-port 0 --peer-advertise ws://a.test:1 --peer-key-file none",
      want: "none: there is no such file; --peer-key-file names the file to use",
    },
  ];
  // Where the system makes no folder and says that none is there: Node's own mkdir never returns.
  const kernels = [
    "gateway",
    "up",
    "token keygen",
    "agent --gateway ws://a.test --token t --demo d",
  ];
  const proc = kernels.map((name) => ({
    line: `${name} --data /proc/x`,
    want: "no folder can be made in /proc; --data names the folder to use",
  }));
  const cases = process.platform === "linux" ? [...nowhere, ...proc] : nowhere;
  test.each(cases)("$line is told plainly", async ({ line, want }) => {
    using home = house();
    writeFileSync(home.at("file"), "");
    const { code, stderr } = await home.run([...line.split(" "), ...freePorts(line)]);
    expect(stderr).toContain(want);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(code).toBe(3);
  });

  test("a variable is named as it was said", async () => {
    using home = house();
    writeFileSync(home.at("file"), "");
    const { stderr } = await home.run(["token", "keygen"], { WARREN_DATA: "file" });
    expect(stderr).toMatch(/; WARREN_DATA names the folder to use$/m);
  });

  test.each(["expose 3000", "agent --service a.localhost=3000"])(
    "%s says that there is no token file",
    async (line) => {
      using home = house();
      const words = [...line.split(" "), "--gateway", "ws://127.0.0.1:1", "--token-file", "none"];
      if (line.startsWith("expose")) words.push("--host", "a.localhost");
      const { code, stderr } = await home.run(words);
      expect([code, stderr]).toEqual([2, "warren: --token-file: there is no such file\n"]);
    },
  );

  test("says where it looked when no gateway answers", async () => {
    using home = house();
    const { code, stderr } = await home.run(["status", "--admin", "http://127.0.0.1:1"]);
    expect(code).toBe(3);
    expect(stderr).toContain("no gateway answers at http://127.0.0.1:1");
  });

  test.each(commands.map(({ name }) => name))("%s --help teaches", async (name) => {
    using home = house();
    const { code, stdout } = await home.run([...name.split(" "), "--help"]);
    expect(code).toBe(0);
    for (const part of [`warren ${name}`, "Examples", "Options", "Exit codes", "--config"])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain("\u001b");
  });
});

describe("token create", () => {
  const words = ["token", "create", "--cluster", "home", "--host", "*.example.com"];

  test("makes the key once, and prints the token alone on standard output", async () => {
    using home = house();
    const first = await home.run(words);
    const second = await home.run(words);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(first.stderr).toMatch(/cluster +home [0-9a-f-]{36}\n/);
    expect(readdirSync(home.at("data/keys"))).toHaveLength(1);
    expect(statSync(home.at("data/signing-key.pem")).mode & 0o777).toBe(0o600);
  });

  test("--json says all of it", async () => {
    using home = house();
    const limits = ["--rate", "100/s", "--burst", "1000", "--tcp", "--ttl", "1h"];
    const { stdout } = await home.run([...words, ...limits, "--group", "eu", "--json"]);
    const said = JSON.parse(stdout) as Record<string, number>;
    expect(said).toMatchObject({
      cluster: "home",
      group: "eu",
      hosts: ["*.example.com"],
      rate: { per_second: 100, burst: 1000 },
      tcp: true,
      cluster_uuid: said["sub"],
      token_id: said["jti"],
    });
    expect(said["exp"]! - said["iat"]!).toBe(3600);
  });

  test("--out writes it for its owner alone, over what was there too", async () => {
    using home = house();
    writeFileSync(home.at("t"), "old", { mode: 0o644 });
    const { code, stdout } = await home.run([...words, "--out", "t"]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(statSync(home.at("t")).mode & 0o777).toBe(0o600);
    expect(readFileSync(home.at("t"), "utf8")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  test("asks for what is missing, all of it", async () => {
    using home = house();
    const { code, stderr } = await home.run(["token", "create", "--burst", "5"]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "--cluster: needed\n  --host: needed, at least once\n  --burst: needs",
    );
  });

  test("takes a uuid, and refuses what is none", async () => {
    using home = house();
    const uuid = "6f0c2a52-1b7e-4d4f-9a3c-0b9a4ad0a9c1";
    const { stdout } = await home.run([...words, "--uuid", uuid, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ cluster_uuid: uuid });
    expect((await home.run([...words, "--uuid", "7"])).code).toBe(2);
  });
});
