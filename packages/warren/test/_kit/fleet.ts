import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createToken, openSigningKey, type TunnelSummary } from "@warren/gateway";
import type { Rate } from "@warren/wire";
import { Cli, house } from "../_cli.ts";

export interface GatewayOptions {
  /** Instead of the usual words. */
  more?: readonly string[];
  /** Of a Redis that gateways share; with it goes a port for each other. */
  redis?: string;
  /** How it proves itself to others, instead of the key that they share. */
  peerKey?: string;
  peerFiles?: { ca: string; cert: string; key: string };
}

interface Claims {
  uuid: string;
  group: string;
  exp: number;
  id: string;
  rate: Rate;
  directPorts: number[];
}

/** A gateway as its command line starts it, on known ports of 127.0.0.1. */
export interface GatewayOnStage {
  cli: Cli;
  id: string;
  port: number;
  adminPort: number;
  peerPort: number;
}

const SHARED_KEY = "a key that all gateways of this test share";

/** Gateways and agents as `warren` starts them, each a process of its own with a folder of its own. */
export class Fleet implements AsyncDisposable {
  readonly #house = house();
  readonly #started: Cli[] = [];
  #count = 0;

  get folder(): string {
    return this.#house.path;
  }
  #keyFile(key: string): string {
    const file = join(this.folder, `${key.replaceAll(" ", "-")}.key`);
    writeFileSync(file, key);
    return file;
  }

  /** A file with a token for any host. */
  async token(claims: Partial<Claims> = {}) {
    const key = await openSigningKey({
      privateFile: join(this.folder, "signing.pem"),
      publicFolder: join(this.folder, "keys"),
    });
    const iat = Math.floor(Date.now() / 1_000);
    const { uuid = randomUUID(), group = "home", exp, id = randomUUID(), rate } = claims;
    const { directPorts } = claims;
    const who = { jti: id, sub: uuid, cluster: "home", group, tcp: true };
    const file = join(this.folder, `${randomUUID()}.token`);
    const token = await createToken(key, {
      ...who,
      hosts: ["*"],
      iat,
      ...(exp && { exp }),
      ...(rate && { rate }),
      ...(directPorts && { direct_ports: directPorts }),
    });
    writeFileSync(file, token);
    return { file, uuid, id, token };
  }

  start(words: readonly string[]): Cli {
    const cli = this.#house.start(words);
    this.#started.push(cli);
    return cli;
  }

  async gateway(options: GatewayOptions = {}): Promise<GatewayOnStage> {
    const { more = [] } = options;
    await this.token();
    const id = `g${++this.#count}`;
    const [port, adminPort, peerPort] = [await freePort(), await freePort(), await freePort()];
    const cli = this.start([
      ...this.gatewayWords(id, adminPort),
      ...(more.includes("--port") ? [] : ["--port", String(port)]),
      ...(more.includes("--listen") ? [] : ["--listen", "127.0.0.1"]),
      ...(more.includes("--advertise") ? [] : ["--advertise", `ws://127.0.0.1:${port}`]),
      ...this.#sharing(options, peerPort),
      ...more,
    ]);
    await cli.says(/gateway runs/);
    return { cli, id, port, adminPort, peerPort };
  }

  /** All but where the public listener is. */
  gatewayWords(id: string, adminPort: number, folder = id): string[] {
    return [
      "gateway",
      "--gateway-id",
      id,
      "--data",
      join(this.folder, folder),
      "--keys",
      join(this.folder, "keys"),
      "--admin-port",
      String(adminPort),
      "--no-request-log",
      "--log-format",
      "json",
    ];
  }

  #sharing({ redis, peerKey = SHARED_KEY, peerFiles }: GatewayOptions, port: number): string[] {
    if (redis === undefined) return [];
    const scheme = peerFiles === undefined ? "ws" : "wss";
    const proof =
      peerFiles === undefined
        ? ["--peer-key-file", this.#keyFile(peerKey)]
        : ["--peer-ca", peerFiles.ca, "--peer-cert", peerFiles.cert];
    if (peerFiles !== undefined) proof.push("--peer-cert-key", peerFiles.key);
    return [
      "--redis-url",
      redis,
      "--peer-port",
      String(port),
      "--peer-listen",
      "127.0.0.1",
      "--peer-advertise",
      `${scheme}://127.0.0.1:${port}`,
      ...proof,
    ];
  }

  /** Resolves when a gateway has its routes. */
  async agent(words: readonly string[]): Promise<Cli> {
    const id = `a${++this.#count}`;
    const data = join(this.folder, id);
    const cli = this.start([
      "agent",
      "--agent-id",
      id,
      "--data",
      data,
      "--log-format",
      "json",
      ...words,
    ]);
    await cli.says(/joined /);
    return cli;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((cli) => cli[Symbol.asyncDispose]()));
    this.#house[Symbol.dispose]();
  }
}

export async function tunnelsOf({ adminPort }: Pick<GatewayOnStage, "adminPort">) {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/tunnels`);
  return ((await answer.json()) as { items: TunnelSummary[] }).items;
}

/** Below the range that the system gives to outgoing connections, which would take it meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const bound = once(server, "listening").then(
      () => true,
      () => false,
    );
    server.listen(port, "127.0.0.1");
    if (!(await bound)) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
