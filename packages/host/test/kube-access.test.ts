import { chmodSync, mkdtempDisposableSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  EVERYTHING,
  inClusterConfig,
  KubeAccessError,
  kubeconfig,
  openAccess,
  SERVICES,
} from "../src/kube/index.ts";
import { startKubeApi, testCertificates, virtualClock } from "../src/testing/index.ts";

const certificates = testCertificates();
const { ca, server, client } = certificates;

function folder(files: Record<string, string>): string {
  const made = mkdtempDisposableSync(join(tmpdir(), "warren-kube-"));
  onTestFinished(() => made.remove());
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made.path, name), text);
  return made.path;
}

const account = { token: "one\n", "ca.crt": ca, namespace: "warren\n" };
const portOf = (url: string) => new URL(url).port;

describe("a pod's service account", () => {
  test("reaches the API, and its token is read again when it was replaced", async () => {
    await using api = await startKubeApi({ tls: server });
    const clock = virtualClock();
    const mounted = folder(account);
    api.requireToken("one");
    const port = portOf(api.url);
    const access = await inClusterConfig({ host: "127.0.0.1", port, folder: mounted, clock });
    expect(access.namespace).toBe("warren");
    const kube = api.client({ access });
    await kube.list(SERVICES, EVERYTHING);
    // Replaced, and the server does not take the old one any more.
    writeFileSync(join(mounted, "token"), "two");
    api.requireToken("two");
    await kube.list(SERVICES, EVERYTHING);
    expect(api.requests.map(({ status }) => status)).toEqual([200, 401, 200]);
    // Replaced, and the old one still counts: it is found within a minute all the same.
    writeFileSync(join(mounted, "token"), "three");
    clock.advance(60_000);
    api.requireToken("three");
    await kube.list(SERVICES, EVERYTHING);
    expect(api.requests.at(-1)?.status).toBe(200);
    expect(api.requests.length).toBe(4);
  });

  test("that the server refuses is asked for once more, and then said", async () => {
    await using api = await startKubeApi({ tls: server });
    const clock = virtualClock();
    api.requireToken("another");
    const host = "127.0.0.1";
    const access = await inClusterConfig({
      host,
      port: portOf(api.url),
      folder: folder(account),
      clock,
    });
    const refused = api.client({ access }).list(SERVICES, EVERYTHING);
    await expect(refused).rejects.toMatchObject({ status: 401, reason: "Unauthorized" });
    expect(api.requests.length).toBe(2);
  });

  test("whose token is missing for a moment goes on with the one before", async () => {
    const clock = virtualClock();
    const mounted = folder(account);
    const access = await inClusterConfig({ host: "10.0.0.1", port: "443", folder: mounted, clock });
    expect((await access.credentials(false)).token).toBe("one");
    rmSync(join(mounted, "token"));
    clock.advance(60_000);
    expect((await access.credentials(false)).token).toBe("one");
    await expect(access.credentials(true)).rejects.toThrow("no such file");
  });

  test("reaches a server by IPv6", async () => {
    const clock = virtualClock();
    const said = { port: "6443", folder: folder(account), clock };
    const access = await inClusterConfig({ ...said, host: "fd00::1" });
    expect(access.server.href).toBe("https://[fd00::1]:6443/");
  });

  test.each([
    { name: "its host", host: "", files: account, said: /KUBERNETES_SERVICE_HOST.*kubeconfig/ },
    { name: "its token", host: "a", files: { ...account, token: undefined }, said: /token: there/ },
    { name: "text in its token", host: "a", files: { ...account, token: " " }, said: /is empty/ },
    {
      name: "its CA",
      host: "a",
      files: { ...account, "ca.crt": undefined },
      said: /ca.crt: there/,
    },
  ])("without $name says so", async ({ host, files, said }) => {
    const there = Object.entries(files).filter((file): file is [string, string] =>
      Boolean(file[1]),
    );
    const options = { host, port: "443", folder: folder(Object.fromEntries(there)) };
    const failed = inClusterConfig({ ...options, clock: virtualClock() });
    await expect(failed).rejects.toThrow(said);
    await expect(failed).rejects.toBeInstanceOf(KubeAccessError);
  });
});

const base64 = (text: string) => Buffer.from(text).toString("base64");

function config(url: string, user: object, more: object = {}): string {
  const cluster = { server: url, "certificate-authority-data": base64(ca), ...more };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "home",
    clusters: [{ name: "lab", cluster }],
    users: [{ name: "me", user }],
    contexts: [
      { name: "home", context: { cluster: "lab", user: "me", namespace: "apps" } },
      { name: "broken", context: { cluster: "nowhere", user: "me" } },
      { name: "nobody", context: { cluster: "lab", user: "nobody" } },
    ],
  });
}

/** What a program prints (client.authentication.k8s.io/v1). */
function credential(token: string): string {
  const apiVersion = "client.authentication.k8s.io/v1";
  return JSON.stringify({ apiVersion, kind: "ExecCredential", status: { token } });
}

describe("a kubeconfig", () => {
  test("with a client certificate reaches a server that asks for one", async () => {
    await using api = await startKubeApi({ tls: { ...server, ca } });
    const user = {
      "client-certificate-data": base64(client.cert),
      "client-key-data": base64(client.key),
    };
    const path = join(folder({ config: config(api.url, user) }), "config");
    const access = await kubeconfig({ paths: [path], context: undefined });
    expect([access.namespace, access.said]).toEqual(["apps", `context home of ${path}`]);
    expect((await api.client({ access }).version()).major).toBe("1");
    const none = join(folder({ config: config(api.url, {}) }), "config");
    const anonymous = await kubeconfig({ paths: [none], context: undefined });
    const failed = api.client({ access: anonymous }).version();
    await expect(failed).rejects.toMatchObject({ reason: "Unreachable" });
  });

  test("with a token of which the server tires is read again", async () => {
    await using api = await startKubeApi({ tls: server });
    const made = folder({ config: config(api.url, { token: "one" }) });
    const path = join(made, "config");
    api.requireToken("one");
    const kube = api.client({ access: await kubeconfig({ paths: [path], context: "home" }) });
    await kube.list(SERVICES, EVERYTHING);
    writeFileSync(path, config(api.url, { token: "two" }));
    api.requireToken("two");
    await kube.list(SERVICES, EVERYTHING);
    expect(api.requests.at(-1)?.status).toBe(200);
  });

  test("with a program that prints credentials runs it, and again when they are refused", async () => {
    await using api = await startKubeApi({ tls: server });
    const made = folder({});
    const program = join(made, "login");
    const prints = (token: string) =>
      writeFileSync(program, `#!/bin/sh\necho '${credential(token)}'\n`);
    prints("one");
    chmodSync(program, 0o755);
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: program, args: [] };
    writeFileSync(join(made, "config"), config(api.url, { exec }));
    const access = await kubeconfig({ paths: [join(made, "config")], context: undefined });
    api.requireToken("one");
    const kube = api.client({ access });
    await kube.list(SERVICES, EVERYTHING);
    prints("two");
    api.requireToken("two");
    await kube.list(SERVICES, EVERYTHING);
    expect(api.requests.map(({ status }) => status)).toEqual([200, 401, 200]);
    writeFileSync(program, "#!/bin/sh\necho secret-ish >&2\nexit 1\n");
    api.requireToken("three");
    await expect(kube.list(SERVICES, EVERYTHING)).rejects.toThrow(
      `credentials of user me could not be had by ${program}`,
    );
  });

  test("of several files finds a context of the second", async () => {
    const here = { "current-context": "", clusters: [], users: [], contexts: [] };
    const made = folder({
      one: JSON.stringify({ apiVersion: "v1", kind: "Config", ...here }),
      two: config("https://10.0.0.1:6443", { token: "one" }),
    });
    const paths = [join(made, "one"), join(made, "two")];
    const access = await kubeconfig({ paths, context: "home" });
    expect(access.server.host).toBe("10.0.0.1:6443");
  });

  const url = "https://10.0.0.1:6443";
  test.each([
    { name: "is not there", text: undefined, context: undefined, said: /there is no such/ },
    { name: "is no YAML", text: "{[", context: undefined, said: /not a kubeconfig/ },
    {
      name: "lacks the context",
      text: config(url, {}),
      context: "work",
      said: /there is no context work; there are: home, broken, nobody/,
    },
    {
      name: "has a context of no cluster",
      text: config(url, {}),
      context: "broken",
      said: /names the cluster nowhere, which is not there/,
    },
    {
      name: "has a context of no user",
      text: config(url, {}),
      context: "nobody",
      said: /names the user nobody, which is not there/,
    },
    {
      name: "has a server that is none",
      text: config("nonsense", {}),
      context: "home",
      said: /the server of cluster lab is not a URL/,
    },
    {
      name: "has a proxy",
      text: config(url, {}, { "proxy-url": "http://proxy:3128" }),
      context: "home",
      said: /proxy-url of cluster lab is not supported/,
    },
  ])("that $name says so", async ({ text, context, said }) => {
    const made = folder(text === undefined ? {} : { config: text });
    const failed = kubeconfig({ paths: [join(made, "config")], context });
    await expect(failed).rejects.toThrow(said);
    await expect(failed).rejects.toBeInstanceOf(KubeAccessError);
  });
});

test("a server under a path is asked there", async () => {
  await using api = await startKubeApi();
  const paths: (string | undefined)[] = [];
  api.intercept(({ request }) => {
    paths.push(request.url);
    return false;
  });
  const kube = api.client({ access: openAccess(`${api.url}/k8s/clusters/c-1/`) });
  await kube.version().catch(() => {});
  expect(paths).toEqual(["/k8s/clusters/c-1/version"]);
});
