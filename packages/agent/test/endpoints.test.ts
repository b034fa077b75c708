import { once } from "node:events";
import { KIND, Route, routeKey } from "@warren/wire";
import * as v from "valibot";
import { expect, test } from "vitest";
import type { EndpointAffinity } from "../src/endpoint-choice.ts";
import {
  createEndpointsTarget,
  createTarget,
  type EndpointAddress,
  type TargetInput,
} from "../src/target.ts";
import { JoinedAgent } from "../src/testing/index.ts";
import { httpService, rawService } from "./_services.ts";

const route = v.parse(Route, { host: "app.test", service: "web", port: 80 });
const key = routeKey(route);
const CLIENTS = Array.from({ length: 20 }, (_, n) => `192.0.2.${n}`);

/** Publishes a Service whose pods these are. */
function publish(
  agent: JoinedAgent,
  pods: readonly EndpointAddress[],
  { affinity = "client_ip", ...how }: Partial<TargetInput> & { affinity?: EndpointAffinity } = {},
) {
  const endpoints = pods.map((one) => createTarget({ ...how, ...one }));
  const target = createEndpointsTarget({ host: "web", port: 80, ...how }, endpoints, affinity);
  agent.published.change("kube:ingress", [{ route, targets: [target] }], []);
}

function ask(agent: JoinedAgent, client: string, name?: string) {
  const named = name === undefined ? "" : `\r\nx-forwarded-client: ${name}`;
  const head = `GET / HTTP/1.1\r\nhost: app.test\r\nx-forwarded-for: ${client}${named}`;
  return agent.open(head, { key }).answer.done();
}

const pod = (name: string) => httpService((_req, res) => res.end(name));
const placeOf = ({ port }: { port: number }) => ({ host: "127.0.0.1", port });

test("a client stays with its pod, in every agent, and the pods share the clients", async () => {
  using a = await pod("a");
  using b = await pod("b");
  const [one, other] = [new JoinedAgent(), new JoinedAgent()];
  for (const agent of [one, other]) publish(agent, [placeOf(a), placeOf(b)]);
  const answers = await Promise.all(CLIENTS.map(async (client) => (await ask(one, client)).text));
  const again = await Promise.all(CLIENTS.map(async (client) => (await ask(other, client)).text));
  expect(again).toEqual(answers);
  expect(new Set(answers)).toEqual(new Set(["a", "b"]));
});

test("who is known by a name stays by that, wherever it comes from; when a pod goes only its clients move", async () => {
  using a = await pod("a");
  using b = await pod("b");
  using c = await pod("c");
  const agent = new JoinedAgent();
  const answers = async (address: (n: number) => string) =>
    Promise.all(
      CLIENTS.map(
        async (name, n) => (await ask(agent, address(n), name.replaceAll(".", "-"))).text,
      ),
    );
  publish(agent, [a, b, c].map(placeOf), { affinity: "cookie" });
  const before = await answers(() => "192.0.2.1");
  expect(new Set(before)).toEqual(new Set(["a", "b", "c"]));
  expect(await answers((n) => `198.51.100.${n}`)).toEqual(before);
  publish(agent, [a, b].map(placeOf), { affinity: "cookie" });
  const after = await answers(() => "192.0.2.1");
  for (const [n, was] of before.entries()) if (was !== "c") expect(after[n]).toBe(was);
  expect(after).not.toContain("c");
});

test("where a gateway of the release before names nobody, the address counts", async () => {
  using a = await pod("a");
  using b = await pod("b");
  const agent = new JoinedAgent();
  publish(agent, [a, b].map(placeOf), { affinity: "cookie" });
  const answers = () => Promise.all(CLIENTS.map(async (one) => (await ask(agent, one)).text));
  const first = await answers();
  expect(new Set(first)).toEqual(new Set(["a", "b"]));
  expect(await answers()).toEqual(first);
});

test("a pod that goes gets nothing new, what is open goes on, and its idle connections close", async () => {
  const { promise: asked, resolve: ask1 } = Promise.withResolvers<() => void>();
  using old = await httpService((req, res) => {
    if (req.headers["x-forwarded-for"] === "192.0.2.99") ask1(() => res.end("late"));
    else res.end("old");
  });
  using fresh = await pod("fresh");
  const agent = new JoinedAgent();
  publish(agent, [placeOf(old)]);
  await ask(agent, "192.0.2.1");
  const open = ask(agent, "192.0.2.99");
  const finish = await asked;
  await ask(agent, "192.0.2.1");
  expect(agent.streams.connections()).toEqual({ idle: 1, active: 1 });
  publish(agent, [placeOf(fresh)]);
  await once(old.connections[1]!, "close");
  expect((await ask(agent, "192.0.2.1")).text).toBe("fresh");
  finish();
  expect((await open).text).toBe("late");
  await once(old.connections[0]!, "close");
});

test("a service without a pod that is ready is an error of the service, until one is", async () => {
  const agent = new JoinedAgent();
  publish(agent, []);
  expect((await ask(agent, "192.0.2.1")).error).toMatchObject({ code: "upstream_unreachable" });
  using a = await pod("a");
  publish(agent, [placeOf(a)]);
  expect((await ask(agent, "192.0.2.1")).text).toBe("a");
});

const named = (name: string) => rawService((socket) => void socket.end(name));

test.each(["client_ip" as const, "cookie" as const])(
  "a TCP client is known by the PROXY line, also with affinity %s",
  async (affinity) => {
    using a = await named("a");
    using b = await named("b");
    const agent = new JoinedAgent();
    publish(agent, [placeOf(a), placeOf(b)], { protocol: "tcp", affinity });
    const connect = (client: string, port: number) => {
      const line = `PROXY TCP4 ${client} 198.51.100.1 ${port} 443\r\n`;
      return agent.open(line, { key, kind: KIND.tcp }).answer.done();
    };
    const first = await Promise.all(CLIENTS.map(async (c) => (await connect(c, 4_000)).text));
    const second = await Promise.all(CLIENTS.map(async (c) => (await connect(c, 5_000)).text));
    expect(second).toEqual(first);
    expect(new Set(first)).toEqual(new Set(["a", "b"]));
  },
);
