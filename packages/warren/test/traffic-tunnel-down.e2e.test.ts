import { answering, RawService, startFaultProxy, type FaultProxy } from "@warren/host/testing";
import { expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { exchange, valuesOf, type Answer } from "./_kit/web-client.ts";

const codeOf = ({ body }: Answer) =>
  (JSON.parse(body.toString()) as { error: { code: string } }).error.code;

test("while its tunnel may resume a cluster is reconnecting, then it is offline, then it is back", async () => {
  using service = await RawService.start(
    answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  );
  await using owned = new AsyncDisposableStack();
  let proxy!: FaultProxy;
  const joined = owned.use(
    await Joined.start({
      routes: [routeTo("app.test", service.port)],
      gateway: { tunnels: { resumeMs: 1_500 }, timeouts: { flapMs: 300 } },
      via: async (port) => (proxy = owned.use(await startFaultProxy({ target: { port } }))),
    }),
  );
  const ask = () => exchange("h1", { port: joined.port, tlsPort: 0, ca: "", host: "app.test" }, {});
  expect((await ask()).status).toBe(200);
  proxy.refuse();
  proxy.cut("rst");
  await joined.log.line(({ msg }) => msg === "tunnel disconnected");

  const waiting = await ask();
  expect([waiting.status, codeOf(waiting)]).toEqual([503, "cluster_reconnecting"]);
  expect(Number(valuesOf(waiting, "retry-after")[0])).toBeGreaterThanOrEqual(1);

  await joined.log.line(({ msg }) => msg === "tunnel gone");
  const offline = await ask();
  expect([offline.status, codeOf(offline)]).toEqual([503, "cluster_offline"]);

  proxy.heal();
  await joined.log.line(
    ({ msg }) =>
      msg === "tunnel connected" &&
      joined.log.lines.filter((line) => line.msg === "tunnel connected").length > 1,
  );
  expect((await ask()).status).toBe(200);
});
