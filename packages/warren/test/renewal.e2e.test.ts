import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { house } from "./_cli.ts";
import { ask, webService } from "./_service.ts";

const CLUSTER = "0ae36f85-feee-428c-b6ab-c11f5ff10b9a";
const HOST = "app.home.localhost";

test("a token that ends takes nothing with it when its file was renewed before", async () => {
  using home = house();
  await using service = await webService("app");
  await using up = await home.up();
  const create = ["token", "create", "--cluster", "home", "--host", HOST, "--uuid", CLUSTER];
  const ends = Date.now() + 20_000;
  await home.run([...create, "--out", "t", "--ttl", "20s"]);
  const words = ["agent", "--gateway", `ws://127.0.0.1:${up.port}`, "--token-file", "t"];
  const json = ["--log-format", "json", "--service", `${HOST}=127.0.0.1:${service.port}`];
  await using agent = home.start([...words, ...json]);
  await agent.says(/^joined .* as home$/m);
  await home.run([...create, "--out", "t", "--ttl", "1h"]);
  const socket = new WebSocket(`ws://127.0.0.1:${up.port}/`, { headers: { host: HOST } });
  await once(socket, "open");
  expect(Date.now()).toBeLessThan(ends);
  const renewed = agent.saysNext(/tunnel connected/);
  let over = false;
  void renewed.then(() => (over = true));
  // Asked all the while, also when the old token has ended and the new tunnel is not there yet.
  for (let after = 0; after < 20; after += Number(over)) {
    expect((await ask(up.port, HOST)).status).toBe(200);
    socket.send("still here");
    expect(String((await once(socket, "message"))[0])).toBe("still here");
  }
  await renewed;
  expect(Date.now()).toBeGreaterThan(ends - 1_000);
  socket.terminate();
}, 120_000);
