import { fork, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConfiguredRoute } from "@warren/agent";
import {
  createToken,
  openSigningKey,
  type GatewayConfig,
  type RunningGateway,
  type TunnelSummary,
} from "@warren/gateway";
import { gatewayConfig, type AgentSettings } from "./configs.ts";
import type { Part, Said } from "./member.ts";

const MEMBER = fileURLToPath(new URL("member.ts", import.meta.url));

/** One process of a stage. */
export class Member {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** After a collection of garbage. */
  async memory(): Promise<NodeJS.MemoryUsage> {
    this.#child.send("memory");
    const [said] = (await once(this.#child, "message")) as [{ memory: NodeJS.MemoryUsage }];
    return said.memory;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}

/** One with a listener for its operator. */
class WatchedMember extends Member {
  protected readonly admin: number | undefined;

  constructor(child: ChildProcess, admin: number | undefined) {
    super(child);
    this.admin = admin;
  }

  /** What its metrics say now: the sum of all series of each of these names. */
  async metrics<Name extends string>(...names: Name[]): Promise<Record<Name, number>> {
    const answer = await fetch(`http://127.0.0.1:${this.admin}/metrics`);
    const lines = (await answer.text()).split("\n");
    const sum = (name: string): number =>
      lines
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .reduce((all, line) => all + Number(line.slice(line.lastIndexOf(" "))), 0);
    return Object.fromEntries(names.map((name) => [name, sum(name)])) as Record<Name, number>;
  }
}

type GatewayPorts = Pick<RunningGateway["ports"], "http" | "tls" | "admin">;

export class GatewayMember extends WatchedMember {
  readonly port: number;
  readonly tlsPort: number | undefined;

  constructor(child: ChildProcess, ports: GatewayPorts) {
    super(child, ports.admin);
    this.port = ports.http;
    this.tlsPort = ports.tls;
  }

  tunnels(): Promise<TunnelSummary[]> {
    return this.#list("tunnels");
  }

  /** The public port of a tcp route, once there is one. */
  async tcpPort(): Promise<number> {
    for (;;) {
      const routes = await this.#list<{ publicPort?: number }>("routes");
      const port = routes.find((route) => route.publicPort !== undefined)?.publicPort;
      if (port !== undefined) return port;
    }
  }

  async #list<Item>(what: string): Promise<Item[]> {
    const answer = await fetch(`http://127.0.0.1:${this.admin}/${what}?limit=1000`);
    return ((await answer.json()) as { items: Item[] }).items;
  }
}

/** Gateways, agents and services of one test, each a process of its own; and who signs tokens. */
export class Stage implements AsyncDisposable {
  readonly #folder = mkdtempDisposableSync(join(tmpdir(), "warren-e2e-"));
  readonly #members: Member[] = [];

  get folder(): string {
    return this.#folder.path;
  }

  /** A token for any host, of a cluster that has this name. */
  async token(cluster = "home"): Promise<string> {
    const key = await openSigningKey({
      privateFile: join(this.folder, "signing.pem"),
      publicFolder: join(this.folder, "keys"),
    });
    const iat = Math.floor(Date.now() / 1_000);
    const claims = {
      jti: randomUUID(),
      sub: randomUUID(),
      cluster,
      group: cluster,
      hosts: ["*"],
      tcp: true,
      iat,
    };
    return createToken(key, claims);
  }

  async gateway(more: Parameters<typeof gatewayConfig>[1] = {}): Promise<GatewayMember> {
    await this.token();
    const config: GatewayConfig = gatewayConfig(this.folder, more);
    const { child, said } = await this.#start({ part: "gateway", config });
    const { ports } = said as { ports: GatewayPorts };
    const member = new GatewayMember(child, ports);
    this.#members.push(member);
    return member;
  }

  async agent(
    gatewayPort: number,
    routes: readonly ConfiguredRoute[],
    more: Partial<AgentSettings> = {},
  ): Promise<WatchedMember> {
    const token = await this.token();
    const settings = { id: "agent", token, gatewayPort, routes, ...more };
    const { child, said } = await this.#start({ part: "agent", settings });
    const member = new WatchedMember(child, (said as { ports: { admin?: number } }).ports.admin);
    this.#members.push(member);
    return member;
  }

  /** Resolves with the port of a storm's service. */
  async stormService(): Promise<number> {
    const { child, said } = await this.#start({ part: "storm service" });
    this.#members.push(new Member(child));
    return (said as { service: number }).service;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member.kill()));
    this.#folder.remove();
  }

  async #start(part: Part): Promise<{ child: ChildProcess; said: Said }> {
    const child = fork(MEMBER, {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    child.send(part);
    const failed = once(child, "exit").then(() => {
      throw new Error(`${part.part} ended before it ran`);
    });
    failed.catch(() => {});
    const [said] = (await Promise.race([once(child, "message"), failed])) as [Said];
    return { child, said };
  }
}
