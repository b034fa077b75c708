import { describe, expect, test } from "vitest";
import { house } from "./_cli.ts";
import { ask, capitals, echoed, sentTo, webService } from "./_service.ts";

const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });

describe("warren expose beside warren up", () => {
  test("publishes a port, carries a WebSocket, and prints requests", async () => {
    using home = house();
    await using service = await webService("app");
    await using up = await home.up();
    await using shown = home.start(["expose", String(service.port), "--host", "app.localhost"]);
    await shown.says(
      new RegExp(`http://app.localhost:${up.port}/ -> http://localhost:${service.port}\n`),
    );
    expect(await ask(up.port, "app.localhost", "/a/b?c=d")).toMatchObject({
      status: 200,
      body: "app GET /a/b?c=d",
    });
    await shown.says(/GET {5}\/a\/b\?c=d +200 +[\d.]+ ms\n/);
    await ask(up.port, "app.localhost", "/missing");
    await shown.says(/GET {5}\/missing +404 +[\d.]+ ms\n/);
    expect(await echoed(up.port, "app.localhost", "through")).toBe("through");
    await shown.says(/GET {5}\/ +101 /);
    expect(shown.stdout).not.toContain("\u001b");
    shown.signal("SIGINT");
    expect((await shown.ended()).code).toBe(0);
    expect((await ask(up.port, "app.localhost")).status).toBe(404);
  });

  test("takes its routes back at its end, unless another with its token serves them", async () => {
    using home = house();
    await using service = await webService("app");
    await using up = await home.up();
    const minted = await home.run(["token", "create", "--cluster", "c", "--host", "app.localhost"]);
    const gateway = `ws://127.0.0.1:${up.port}`;
    const words = ["expose", String(service.port), "--host", "app.localhost", "--gateway", gateway];
    const env = { WARREN_TOKEN: minted.stdout.trim() };
    await using first = home.start(words, env);
    await first.says(/-> http/);
    await using second = home.start(words, env);
    await second.says(/-> http/);
    second.signal("SIGTERM");
    expect((await second.ended()).code).toBe(0);
    expect((await ask(up.port, "app.localhost")).status).toBe(200);
    first.signal("SIGTERM");
    expect((await first.ended()).code).toBe(0);
    expect((await ask(up.port, "app.localhost")).status).toBe(404);
  });

  test("that is killed is expected back, and why says so", async () => {
    using home = house();
    await using service = await webService("app");
    await using up = await home.up();
    await using shown = home.start(["expose", String(service.port), "--host", "app.localhost"]);
    await shown.says(/-> http/);
    shown.signal("SIGKILL");
    await up.cli.says(/"cluster":"expose".*tunnel disconnected/);
    const { stdout } = await home.run(["why", "app.localhost"]);
    expect(stdout).toMatch(/^http:\S+ is not served: 503 cluster_reconnecting\n/);
  });

  test("says that nothing answers where it leads", async () => {
    using home = house();
    const service = await webService("gone");
    const { port } = service;
    await service[Symbol.asyncDispose]();
    await using _up = await home.up();
    await using shown = home.start(["expose", String(port), "--host", "app.localhost"]);
    await shown.says(/nothing answers at http:\/\/localhost:\d+ yet: .* get 502\n/);
  });

  test("prints JSON when asked", async () => {
    using home = house();
    await using service = await webService("app");
    await using up = await home.up();
    const words = ["expose", String(service.port), "--host", "app.localhost", "--json"];
    await using shown = home.start(words);
    await shown.says(/"public"/);
    await ask(up.port, "app.localhost", "/x");
    await shown.says(/"duration_ms"/);
    const [place, request] = shown.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(place).toMatchObject({ public: `http://app.localhost:${up.port}/` });
    expect(request).toMatchObject({ method: "GET", path: "/x", status: 200 });
  });

  test("several at once do not disturb each other", async () => {
    using home = house();
    await using one = await webService("one");
    await using two = await webService("two");
    await using up = await home.up();
    await using first = home.start(["expose", String(one.port), "--host", "one.localhost"]);
    await first.says(/-> http/);
    await using second = home.start(["expose", String(two.port), "--host", "two.localhost"]);
    await second.says(/-> http/);
    for (const name of ["one", "two", "one"])
      expect((await ask(up.port, `${name}.localhost`)).body).toBe(`${name} GET /`);
    first.signal("SIGINT");
    await first.ended();
    expect((await ask(up.port, "two.localhost")).status).toBe(200);
    expect((await ask(up.port, "hello.localhost")).status).toBe(200);
  });

  test("asks for a password, and lets only some addresses in", async () => {
    using home = house();
    await using service = await webService("app");
    await using up = await home.up();
    const words = ["expose", String(service.port), "--basic-auth", "me:secret"];
    await using shown = home.start([...words, "--host", "closed.localhost"]);
    await shown.says(/-> http/);
    const answers = [
      await ask(up.port, "closed.localhost"),
      await ask(up.port, "closed.localhost", "/", basic("me:wrong")),
      await ask(up.port, "closed.localhost", "/", basic("me:secret")),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200]);
    const far = ["expose", String(service.port), "--allow", "192.0.2.0/24"];
    await using other = home.start([...far, "--host", "far.localhost"]);
    await other.says(/-> http/);
    expect((await ask(up.port, "far.localhost")).status).toBe(403);
  });

  test("gives a TCP service a public port", async () => {
    using home = house();
    await using service = await capitals();
    await using up = await home.up(["--tcp-ports", "24700-24719"]);
    await using shown = home.start(["expose", `tcp://localhost:${service.port}`]);
    const [, port] = await shown.says(/tcp:\/\/127\.0\.0\.1:(247\d\d) -> tcp:\/\/localhost:/);
    expect(await sentTo(Number(port), "hello")).toBe("HELLO");
    await shown.says(/TCP {5}from 127\.0\.0\.1 /);
    expect((await ask(up.port, "hello.localhost")).status).toBe(200);
  });

  test("joins again when the gateway comes back", async () => {
    using home = house();
    await using service = await webService("app");
    const words = ["expose", String(service.port), "--host", "app.localhost"];
    let port = 0;
    await using first = await home.up();
    port = first.port;
    await using shown = home.start(words);
    await shown.says(/-> http/);
    first.cli.signal("SIGTERM");
    expect((await first.cli.ended()).code).toBe(0);
    await using second = home.start(["up", "--port", String(port), "--admin-port", "0"]);
    await second.says(/"cluster":"expose".*tunnel connected/);
    await second.says(/Ctrl-C ends it/);
    expect((await ask(port, "app.localhost")).status).toBe(200);
  });
});

test.each([
  { words: ["expose"], want: "something is missing" },
  { words: ["expose", "3000"], want: "--host: needed, the public name" },
  { words: ["expose", "nowhere", "--host", "a.localhost"], want: "nowhere: expected a port" },
  { words: ["expose", "3000", "--host", "a b"], want: "--host: expected a host" },
  {
    words: ["expose", "tcp://1", "--basic-auth", "me:x", "--path", "/x"],
    want: "--basic-auth: only for HTTP\n  --path: only for HTTP",
  },
  {
    words: ["expose", "3000", "--host", "a.localhost", "--basic-auth", "me", "--public-port", "1"],
    want: "--public-port: only for tcp://\n  --basic-auth: expected user:password",
  },
])("$words is refused: $want", async ({ words, want }) => {
  using home = house();
  const { code, stderr } = await home.run(words);
  expect(code).toBe(2);
  expect(stderr).toContain(want);
});

test("without a gateway beside it, it says what to do", async () => {
  using home = house();
  const { code, stderr } = await home.run(["expose", "3000", "--host", "a.localhost"]);
  expect(code).toBe(3);
  expect(stderr).toContain("start one with `warren up`, or say --gateway");
});

test("without a token or a key to make one, it says what to do", async () => {
  using home = house();
  const words = ["expose", "3000", "--host", "a.localhost", "--gateway", "ws://127.0.0.1:1"];
  const { code, stderr } = await home.run(words);
  expect(code).toBe(2);
  expect(stderr).toContain("--token-file: needed");
});
