/** What the doctor makes of a request through a gateway, a tunnel and a service: all of them are real. */
import { systemClock, type ClientTls } from "@warren/host";
import { RawService, answering, testAuthority } from "@warren/host/testing";
import { expect, test } from "vitest";
import { checkPath } from "../src/doctor/check-path.ts";
import type { Door } from "../src/doctor/doors.ts";
import { routeTo } from "./_kit/configs.ts";
import { Joined, type JoinedOptions } from "./_kit/joined.ts";

const HOST = "my-app.example.com";
const CHECK = "a request through it all";
const NO_PROXY = { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined };
const DIAL = {
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  proxy: NO_PROXY,
  handshakeTimeoutMs: 10_000,
};
const authority = testAuthority();
const TRUSTED: ClientTls = { ca: authority.ca, cert: undefined, key: undefined };
const UNKNOWN: ClientTls = { ca: undefined, cert: undefined, key: undefined };

const answer = (status: string, body = "", fields = "") =>
  answering(`HTTP/1.1 ${status}\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`);
const door = (host = HOST, path = "/"): Door => ({ host, path });

function walk(gateway: string, doors: readonly Door[], tls = TRUSTED, hosts: string[] = ["*"]) {
  const { signal } = new AbortController();
  return checkPath(doors, { gateway, hosts, dial: DIAL, tls, clock: systemClock, signal });
}

async function joinedTo(
  service: RawService,
  more: Partial<JoinedOptions> = {},
  policy: object = {},
): Promise<Joined> {
  return Joined.start({ routes: [routeTo(HOST, service.port, { policy })], ...more });
}

const certificates = {
  gateway: authority.issue({ hosts: ["localhost"] }),
  app: authority.issue({ hosts: [HOST] }),
};

test("asks by TLS for the host itself, at the gateway's address: nothing is misdirected", async () => {
  using service = await RawService.start(answer("200 OK"));
  await using joined = await joinedTo(service, { certificates });
  expect(await walk(`wss://localhost:${joined.tlsPort}`, [door()])).toEqual([
    { check: "certificate of the host", level: "ok", said: `browsers trust that of ${HOST}` },
    { check: CHECK, level: "ok", said: `https://${HOST}/ answers 200` },
  ]);
});

test("follows the gateway's own way to https, and finds what is behind it", async () => {
  using service = await RawService.start(({ socket }) => void socket.destroy());
  await using joined = await joinedTo(service, { certificates, tls: { redirect: true } });
  const [, found] = await walk(`ws://127.0.0.1:${joined.port}`, [door()]);
  expect(found).toMatchObject({ check: CHECK, level: "fail" });
  expect(found!.said).toBe(
    `https://${HOST}:${joined.tlsPort}/ answers 502 upstream_failed, by the gateway itself`,
  );
});

test("says that visitors are led to https where nobody answers", async () => {
  const location = `location: https://${HOST}:1/\r\n`;
  using service = await RawService.start(answer("308 Permanent Redirect", "", location));
  await using joined = await joinedTo(service);
  const [found] = await walk(`ws://127.0.0.1:${joined.port}`, [door()]);
  expect(found).toMatchObject({
    level: "fail",
    said: expect.stringContaining("connect ECONNREFUSED"),
  });
  expect(found!.todo).toContain("--redirect-port");
});

test("a port for agents alone is not taken for an application", async () => {
  using service = await RawService.start(answer("200 OK"));
  const gateway = { agents: { host: "127.0.0.1", port: 0 } };
  await using joined = await joinedTo(service, { gateway });
  const [found] = await walk(`ws://127.0.0.1:${joined.agentsPort}`, [door()]);
  expect(found).toMatchObject({ level: "note", said: expect.stringContaining("agents alone") });
});

test("says that browsers refuse the certificate, and goes on behind it", async () => {
  using service = await RawService.start(answer("200 OK"));
  await using joined = await joinedTo(service, { certificates });
  const found = await walk(`wss://localhost:${joined.tlsPort}`, [door()], UNKNOWN);
  expect(found).toMatchObject([
    { check: "certificate of the host", level: "warn", said: expect.stringContaining("UNABLE") },
    { check: CHECK, level: "ok" },
  ]);
});

test("says that there is no certificate for the host", async () => {
  using service = await RawService.start(answer("200 OK"));
  const { gateway } = certificates;
  await using joined = await joinedTo(service, { certificates: { gateway } });
  const [found] = await walk(`wss://localhost:${joined.tlsPort}`, [door()]);
  expect(found).toMatchObject({ level: "fail", said: expect.stringContaining(HOST) });
  expect(found!.todo).toContain(`warren why https://${HOST}/`);
});

const FORGED = JSON.stringify({ error: { code: "no_route", message: "", request_id: "mine" } });

test.each([
  { name: "a page", answered: answer("200 OK"), level: "ok", said: "answers 200" },
  { name: "no page at /", answered: answer("404 Not Found"), level: "note", said: "answers 404" },
  { name: "a log-in", answered: answer("401 Unauthorized"), level: "ok", said: "answers 401" },
  { name: "a refusal", answered: answer("403 Forbidden"), level: "ok", said: "answers 403" },
  {
    name: "trouble",
    answered: answer("500 Internal Server Error"),
    level: "warn",
    said: "answers 500",
  },
  {
    name: "an error in the gateway's words",
    answered: answer("404 Not Found", FORGED),
    level: "note",
    said: "answers 404, by the application",
  },
  {
    name: "a redirect to itself",
    answered: answer("308 Permanent Redirect", "", `location: http://${HOST}/\r\n`),
    level: "warn",
    said: "answers 308",
  },
  {
    name: "a redirect to elsewhere",
    answered: answer("307 Temporary Redirect", "", "location: https://old.example.com/\r\n"),
    level: "note",
    said: "to https://old.example.com/",
  },
])("an application that answers with $name is reached", async ({ answered, level, said }) => {
  using service = await RawService.start(answered);
  await using joined = await joinedTo(service);
  const [found] = await walk(`ws://127.0.0.1:${joined.port}`, [door()]);
  expect(found).toMatchObject({ check: CHECK, level, said: expect.stringContaining(said) });
  expect(found!.said).not.toContain("by the gateway");
});

test.each([
  {
    name: "401",
    policy: { basic_auth: ["a:$2y$05$abcdefghijklmnopqrstuuJ1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b"] },
    said: "401 unauthorized",
  },
  { name: "403", policy: { allow: ["192.0.2.0/24"] }, said: "403 forbidden" },
])("a $name of the gateway itself is no fault of the agent's", async ({ policy, said }) => {
  using service = await RawService.start(answer("200 OK"));
  await using joined = await joinedTo(service, {}, policy);
  const [found] = await walk(`ws://127.0.0.1:${joined.port}`, [door()]);
  expect(found).toMatchObject({
    level: "note",
    said: expect.stringContaining(`${said}, by the gateway itself`),
  });
});

test("a cluster that a roll-out leaves out is told so", async () => {
  using service = await RawService.start(answer("200 OK"));
  const rollout = { percent: 0, clusters: [], fallback: undefined };
  await using joined = await joinedTo(service, { gateway: { rollout } });
  const [found] = await walk(`ws://127.0.0.1:${joined.port}`, [door()]);
  expect(found).toMatchObject({ level: "fail", said: expect.stringContaining("not_enabled") });
  expect(found!.todo).toContain("warren status");
});

test("asks for what is published now, at a path that it has", async () => {
  using service = await RawService.start(answer("200 OK"));
  await using joined = await Joined.start({
    routes: [routeTo(HOST, service.port, { path: "/api", path_type: "Prefix" })],
  });
  const doors = [door("not-yet.example.com"), door(HOST, "/api")];
  const [found] = await walk(`ws://127.0.0.1:${joined.port}`, doors);
  expect(found).toEqual({ check: CHECK, level: "ok", said: `http://${HOST}/api answers 200` });
});

test.each([
  { name: "nobody asks for a host", doors: [], level: "note", said: "nobody asks for a host" },
  {
    name: "no host is published",
    doors: [door("a.example.com"), door("b.example.com")],
    level: "note",
    said: "the gateway knows none of a.example.com, b.example.com",
  },
  {
    name: "the token covers none",
    doors: [door("a.example.org")],
    level: "warn",
    said: "the token covers none of a.example.org",
  },
])("$name: nothing is published yet, and nothing failed", async ({ doors, level, said }) => {
  using service = await RawService.start(answer("200 OK"));
  await using joined = await joinedTo(service);
  const gateway = `ws://127.0.0.1:${joined.port}`;
  const [found, ...more] = await walk(gateway, doors, TRUSTED, ["*.example.com"]);
  expect(found).toMatchObject({ check: CHECK, level, said: `nothing is published yet: ${said}` });
  expect(more).toEqual([]);
});
