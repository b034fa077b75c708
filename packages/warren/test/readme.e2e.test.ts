// The commands of README.md, as they stand there but for ports and folders, which are the test's.
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort, programPath, privateRedis } from "@warren/host/testing";
import { afterAll, describe, expect, test } from "vitest";
import { BIN, Cli, house } from "./_cli.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const readme = readFileSync(`${ROOT}README.md`, "utf8");
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
const unused = new Set(blocks.flatMap((block) => block.trim().split("\n")));

const PORTS = ["8080", "9090", "3000", "8081", "9091", "7001", "8082", "9092", "7002", "8085"];

function moved(line: string): string {
  return line
    .replaceAll(new RegExp(`\\b(${PORTS.join("|")})\\b`, "g"), (port) => port_(port))
    .replace(/(^|\$\()npx warren /, `$1"${process.execPath}" "${BIN}" `)
    .replace(/\bnode examples/, `"${process.execPath}" examples`)
    .replace(/ &$/, "");
}
const free = await Promise.all(PORTS.map(() => freePort()));
const port_ = (port: string) => String(free[PORTS.indexOf(port)]);

test("its line with the widget is the chat's own, and what it links to is there", () => {
  expect(readme).toContain(
    '<script src="http://chat.localhost:8080/chat/widget.js" async></script>',
  );
  const links = [...readme.matchAll(/\]\(([^)#]+\.md)/g)].map(([, path = ""]) => path);
  const chat = ["people", "privacy", "secrets", "keys", "mongodb", "widget", "operations"];
  expect(links).toEqual(expect.arrayContaining(chat.map((name) => `docs/${name}.md`)));
  for (const path of links) expect(existsSync(`${ROOT}${path}`), path).toBe(true);
});

/** The one line of the README that begins so. */
function lineWith(start: string): string {
  const found = [...unused].filter((line) => line.startsWith(start));
  expect(found, `README.md has one line that begins with: ${start}`).toHaveLength(1);
  unused.delete(found[0]!);
  return found[0]!;
}

/** A reader of the README in a folder of its own. */
function reader() {
  const home = house();
  for (const name of ["examples", "node_modules"]) symlinkSync(`${ROOT}${name}`, home.at(name));
  const env: Record<string, string> = {};
  const start = (line: string) =>
    new Cli(["sh", "-c", `exec ${moved(lineWith(line))}`], { env, cwd: home.path });
  return {
    home,
    env,
    /** Starts what goes on. */
    start,
    /** Runs what ends, and resolves with what it printed. */
    async run(line: string): Promise<string> {
      const cli = new Cli(["sh", "-c", moved(lineWith(line))], { env, cwd: home.path });
      const { code, stdout, stderr } = await cli.ended();
      expect(code, stderr).toBe(0);
      return stdout;
    },
    [Symbol.dispose]: () => home[Symbol.dispose](),
  };
}

describe.skipIf(programPath("curl") === undefined)("the README", () => {
  test("starts, exposes a port, carries a WebSocket, shows what runs, and talks", async () => {
    using you = reader();
    lineWith("npm ci && npm test"); // whoever reads this is running it
    const start = lineWith("npm ci && npm start").replace("npm ci && ", "");
    const env = {
      WARREN_PORT: port_("8080"),
      WARREN_ADMIN_PORT: port_("9090"),
      WARREN_DATA: you.home.at("data"),
    };
    await using up = new Cli(["sh", "-c", `exec ${start}`], { env, cwd: ROOT });
    await up.says(/Ctrl-C ends it/);
    await using echo = you.start("node examples/echo.mjs");
    await echo.says(/listening/);
    await using expose = you.start("npx warren expose");
    await expose.says(/-> http/);
    expect(await you.run("curl -H 'Host: app.localhost'")).toMatch(/^hello from port/);
    expect(await you.run("echo 'through the tunnel'")).toBe("through the tunnel\n");
    expect(await you.run("npx warren status")).toContain("gateway ready, 2 tunnels, 3 routes");
    expect(await you.run("npx warren why")).toMatch(/served +true/);
    expect(await you.run("curl -s http://127.0.0.1:9090/metrics")).toMatch(/status_code="200"/);
    await using chat = you.start("npx warren chat");
    await chat.says(/^chat on http/m);
    expect(await you.run("node examples/talk.mjs")).toContain("Warren");
    // As Ctrl-C does: npm ends by the signal itself, once `warren up` has ended clean.
    process.kill(-up.child.pid!, "SIGINT");
    await up.ended();
    expect(existsSync(you.home.at("data/running.json"))).toBe(false);
  });

  test.skipIf(programPath("redis-server") === undefined)("runs two gateways", async () => {
    await using redis = await privateRedis(programPath("redis-server")!);
    using you = reader();
    await using echo = new Cli([process.execPath, "examples/echo.mjs", port_("3000")], {
      env: {},
      cwd: you.home.path,
    });
    await echo.says(/listening/);
    await you.home.run(["token", "keygen", "--data", "data/issuer"]);
    await you.run("npx warren token create");
    await you.run("head -c 32");
    for (const [, name = "", value = ""] of lineWith("export").matchAll(/(\w+)=(\S+)/g))
      you.env[name] = name === "REDIS_URL" ? redis.url : value;
    await using a = you.start("npx warren gateway --data data/a");
    await using b = you.start("npx warren gateway --data data/b");
    await Promise.all([a.says(/gateway runs/), b.says(/gateway runs/)]);
    await using agent = you.start("npx warren agent");
    await agent.says(/^joined /m);
    expect(await you.run(`curl -H 'Host: app.home.localhost' http://127.0.0.1:8081`)).toMatch(
      /^hello/,
    );
    expect(await you.run(`curl -H 'Host: app.home.localhost' http://127.0.0.1:8082`)).toMatch(
      /^hello/,
    );
  });

  afterAll(() => {
    if (programPath("redis-server") !== undefined) expect([...unused]).toEqual([]);
  });
});
