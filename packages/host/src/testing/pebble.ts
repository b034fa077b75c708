import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { testAuthority } from "./certificates.ts";
import { testDns, type TestDns } from "./dns-server.ts";
import { freePort } from "./free-port.ts";

/** Where a CA that looks at a host comes out: ports of 127.0.0.1. */
export interface CaTarget {
  http: number | undefined;
  tls: number | undefined;
}

/**
 * A real ACME CA of the test's own (Let's Encrypt's Pebble). It looks hosts up in `dns`, and looks at
 * them through two ports of a balancer that lead to `target`, or to each of several in turn.
 */
export interface TestCa extends AsyncDisposable {
  readonly directory: string;
  /** PEM file of the authority of its own server. */
  readonly caFile: string;
  readonly dns: TestDns;
  targets: readonly CaTarget[];
  /** Roots that what it issues is believed by, PEM. */
  root(): Promise<string>;
  /** What it says from now on of when to renew a certificate (PEM). */
  renew(cert: string, window: { start: Date; end: Date }): Promise<void>;
  /** Lines of its log. */
  readonly log: readonly string[];
  /** Resolves once it has logged such a line. */
  logged(pattern: RegExp): Promise<void>;
  /** Stops answering without closing anything; `thaw` ends that. */
  freeze(): void;
  thaw(): void;
}

export interface TestCaOptions {
  /** Seconds that its certificates are valid. */
  validitySeconds: number;
  /** It refuses one nonce in twenty unless this is false: for tests that count what it is asked. */
  refusesNonces?: boolean;
}

export async function startPebble(program: string, options: TestCaOptions): Promise<TestCa> {
  await using owned = new AsyncDisposableStack();
  const folder = owned.adopt(mkdtempDisposableSync(join(tmpdir(), "warren-ca-")), (f) =>
    f.remove(),
  );
  const dns = owned.use(await testDns());
  dns.everywhere = "127.0.0.1";
  const state: { targets: readonly CaTarget[] } = { targets: [] };
  const http = owned.use(await balancer(() => state.targets.map((one) => one.http)));
  const tls = owned.use(await balancer(() => state.targets.map((one) => one.tls)));
  const ports = { acme: await freePort(), management: await freePort() };
  const authority = testAuthority();
  const { cert, key } = authority.issue({ hosts: ["localhost", "127.0.0.1"] });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const caFile = file("ca.pem", authority.ca);
  const config = {
    listenAddress: `127.0.0.1:${ports.acme}`,
    managementListenAddress: `127.0.0.1:${ports.management}`,
    certificate: file("cert.pem", cert),
    privateKey: file("key.pem", key),
    httpPort: http.port,
    tlsPort: tls.port,
    retryAfter: { authz: 1, order: 1 },
    profiles: { default: { description: "test", validityPeriod: options.validitySeconds } },
  };
  const child = spawn(
    program,
    ["-config", file("pebble.json", JSON.stringify({ pebble: config })), "-dnsserver", dns.address],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PEBBLE_VA_NOSLEEP: "1",
        PEBBLE_AUTHZREUSE: "0",
        ...(options.refusesNonces === false && { PEBBLE_WFE_NONCEREJECT: "0" }),
      },
    },
  );
  owned.defer(() => kill(child));
  const log = watchLog(child);
  await log.logged(/Listening on|ACME directory available/);
  const management = `https://127.0.0.1:${ports.management}`;
  const call = (path: string, body: string | undefined) =>
    ask(`${management}${path}`, authority.ca, body);
  const kept = owned.move();
  return {
    directory: `https://127.0.0.1:${ports.acme}/dir`,
    caFile,
    dns,
    get targets() {
      return state.targets;
    },
    set targets(targets) {
      state.targets = targets;
    },
    root: () => call("/roots/0", undefined),
    async renew(certificate, { start, end }) {
      const window = { start: start.toISOString(), end: end.toISOString() };
      const answer = JSON.stringify({ suggestedWindow: window });
      const body = { Certificate: certificate, ARIResponse: answer };
      await call("/set-renewal-info/", JSON.stringify(body));
    },
    log: log.lines,
    logged: log.logged,
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function watchLog(child: ChildProcess) {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  }
  const logged = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error(`the CA ended: ${lines.slice(-5).join("\n")}`));
      const look = (): void => {
        if (!lines.some((line) => pattern.test(line))) return;
        waiting.delete(look);
        child.off("exit", ended);
        resolve();
      };
      child.once("exit", ended);
      waiting.add(look);
      look();
    });
  return { lines, logged };
}

/** Leads each connection to the next target; refuses those that have nowhere to go. */
async function balancer(
  targets: () => readonly (number | undefined)[],
): Promise<{ port: number } & AsyncDisposable> {
  const open = new Set<Socket>();
  let turn = 0;
  const server: Server = createServer((near) => {
    const ports = targets().filter((port) => port !== undefined);
    const port = ports[turn++ % ports.length];
    if (port === undefined) return near.resetAndDestroy();
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

async function ask(url: string, ca: string, body: string | undefined): Promise<string> {
  const method = body === undefined ? "GET" : "POST";
  const headers = { "user-agent": "test" };
  const sent = request(url, { ca, method, headers, agent: false });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [
    AsyncIterable<Buffer> & { statusCode: number },
  ];
  let text = "";
  for await (const piece of answer) text += piece.toString();
  if (answer.statusCode >= 300) throw new Error(`${url}: ${answer.statusCode} ${text}`);
  return text;
}
