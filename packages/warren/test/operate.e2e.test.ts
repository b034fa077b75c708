import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { house } from "./_cli.ts";
import { ask, webService } from "./_service.ts";

const cluster = (host: string) => ["token", "create", "--cluster", "home", "--host", host];

test("an agent comes in with a token; revoking it closes the tunnel within 5 s", async () => {
  using home = house();
  await using service = await webService("app");
  await using up = await home.up();
  const made = await home.run([...cluster("*.home.localhost"), "--out", "t", "--json"]);
  const { token_id: id } = JSON.parse(made.stdout) as { token_id: string };
  const secret =
    "scrypt$16384$8$5$XHN8_mxJI7mRLEFODzZxxw$rFVMHr83C5UNAldOLmL9W53s9HqaDeXj0-FvTjttvxc";
  writeFileSync(
    home.at("s.toml"),
    `[[service]]\nhost = "app.home.localhost"\nto = "${service.port}"\npolicy = { strip_headers = ["cookie"], basic_auth = ["ada:${secret}"] }\n`,
  );
  const words = ["agent", "--gateway", `ws://127.0.0.1:${up.port}`, "--token-file", "t"];
  await using agent = home.start([...words, "--services", "s.toml", "--log-format", "json"]);
  await agent.says(/^joined .* as home$/m);
  expect((await ask(up.port, "app.home.localhost")).status).toBe(401);
  for (const question of [["routes"], ["why", `app.home.localhost:${up.port}`]]) {
    const { stdout } = await home.run([...question, "--json"]);
    expect(stdout).toContain("ada");
    expect(stdout).not.toContain("scrypt");
  }
  const since = performance.now();
  const { code, stderr } = await home.run(["token", "revoke", id]);
  expect([code, stderr]).toEqual([0, `token ${id} is revoked\n`]);
  await agent.says(/token_revoked|refuses this agent's token/);
  expect(performance.now() - since).toBeLessThan(5000);
  expect((await ask(up.port, "app.home.localhost")).status).toBe(404);
  agent.signal("SIGTERM");
  expect((await agent.ended()).code).toBe(0);
});

test("a host that the token does not cover is refused, and said", async () => {
  using home = house();
  await using up = await home.up();
  await home.run([...cluster("a.localhost"), "--out", "t"]);
  const words = ["agent", "--gateway", `ws://127.0.0.1:${up.port}`, "--token-file", "t"];
  await using agent = home.start([...words, "--service", "b.localhost=3000"]);
  await agent.says(/b\.localhost.*host_not_allowed/);
});

test("what runs can be asked: status, routes, claims, why; a claim can be released", async () => {
  using home = house();
  await using up = await home.up();
  const status = await home.run(["status"]);
  expect(status.stdout).toMatch(/^gateway ready, 1 tunnel, 2 routes\n/);
  expect(status.stdout).toMatch(/\ndemo +\S+ +connected +127\.0\.0\.1 /);
  const routes = JSON.parse((await home.run(["routes", "--json"])).stdout) as object[];
  expect(routes).toMatchObject([
    { route: { host: "chat.localhost", kind: "http" } },
    { route: { host: "hello.localhost", kind: "http" } },
  ]);
  expect((await home.run(["routes"])).stdout).toMatch(/\nhello\.localhost +\/\* +demo +demo:\d+ /);
  const why = await home.run(["why", `http://hello.localhost:${up.port}/x`, "--json"]);
  expect(JSON.parse(why.stdout)).toMatchObject({ served: true, host: "hello.localhost" });
  expect((await home.run(["why", "nobody.localhost"])).stdout).toMatch(
    /^http:\/\/nobody\.localhost\/ is not served: 404 no_route\n/,
  );
  expect((await home.run(["why", `hello.localhost.:${up.port}`])).stdout).toMatch(
    /^http:\S+ is served by cluster demo, through agent \S+ at gateway \S+\n/,
  );
  expect((await home.run(["routes", "--claims"])).stdout).toMatch(/\nhello\.localhost +local /);
  const release = ["claims", "release", "hello.localhost"];
  expect((await home.run(release)).stderr).toBe("hello.localhost is free\n");
  const again = await home.run(["claims", "release", "nobody.localhost"]);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("nobody claims this host");
  // What is served stays.
  const unused = ["claims", "release", "--unused"];
  expect((await home.run(unused)).stderr).toBe("0 claims released\n");
  expect((await home.run([...unused, "--cluster", "demo", "--json"])).stdout).toBe(
    '{"released":0}\n',
  );
  expect((await home.run([...unused, "--cluster", "nobody"])).stderr).toContain("say its uuid");
  expect((await home.run([...unused, "hello.localhost"])).stderr).toContain(
    "say a host, or --unused",
  );
});

test("drain ends a gateway clean", async () => {
  using home = house();
  await using up = await home.up();
  expect((await home.run(["drain"])).code).toBe(0);
  expect((await up.cli.ended()).code).toBe(0);
});

test.each([
  {
    words: ["agent"],
    want: "--gateway: needed, at least once\n  --token-file: needed; `warren token create` makes one\n  --service, --services or --kube on: needed",
  },
  {
    words: ["agent", "--gateway", "x://y", "--service", "3000", "--services", "none.toml"],
    want: '--gateway: expected a URL like wss://gateway.example.com, got "x://y"',
  },
  {
    words: ["agent", "--gateway", "ws://a", "--token", "t", "--services", "none.toml"],
    want: "--services none.toml: cannot be read (ENOENT)",
  },
  { words: ["gateway", "--peer-port", "7000"], want: "--peer-port: needs --peer-advertise" },
])("$words is refused", async ({ words, want }) => {
  using home = house();
  const { code, stderr } = await home.run(words);
  expect(code).toBe(2);
  expect(stderr).toContain(want);
});

test("an agent started with --end-with-stdin ends with it", async () => {
  using home = house();
  const words = ["agent", "--gateway", "ws://127.0.0.1:1", "--token", "t", "--demo", "a.localhost"];
  await using agent = home.start([...words, "--end-with-stdin"]);
  await agent.says(/no tunnel to the gateway: trying again/);
  agent.child.stdin?.end();
  expect((await agent.ended()).code).toBe(0);
});

test("beyond loopback, changes need the admin token; beside the gateway it is found", async () => {
  using home = house();
  using elsewhere = house();
  const ports = ["--port", "0", "--admin-port", "0", "--drain-delay", "0"];
  await using gateway = home.start(["gateway", "--admin-host", "0.0.0.0", ...ports]);
  await gateway.says(/gateway runs/);
  const { admin } = JSON.parse(readFileSync(home.at("data/running.json"), "utf8")) as {
    admin: string;
  };
  expect((await elsewhere.run(["status", "--admin", admin])).code).toBe(0);
  const refused = await elsewhere.run(["drain", "--admin", admin]);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain("a change needs the admin token");
  const token = ["--admin-token-file", home.at("data/admin.token")];
  const revoke = ["token", "revoke", "some-id", "--admin", admin, ...token];
  expect((await elsewhere.run(revoke)).code).toBe(0);
  expect((await home.run(["drain"])).code).toBe(0);
  expect((await gateway.ended()).code).toBe(0);
});
