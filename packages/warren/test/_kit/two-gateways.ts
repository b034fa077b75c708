import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { privateRedis, type PrivateRedis } from "@warren/host/testing";
import { expect } from "vitest";
import { Fleet, tunnelsOf, type GatewayOnStage } from "./fleet.ts";

/** Two gateways that share a Redis and know each other. */
export class TwoGateways implements AsyncDisposable {
  readonly fleet = new Fleet();
  store!: PrivateRedis;
  first!: GatewayOnStage;
  second!: GatewayOnStage;

  static async start(program: string, more: readonly string[] = []): Promise<TwoGateways> {
    const two = new TwoGateways();
    two.store = await privateRedis(program);
    two.first = await two.fleet.gateway({ redis: two.store.url, more });
    two.second = await two.fleet.gateway({ redis: two.store.url, more });
    return two;
  }

  /** An agent of one gateway alone, whatever others it learns of. */
  agentOf(
    { port }: Pick<GatewayOnStage, "port">,
    { token, services, more = [] }: { token: string; services: string; more?: readonly string[] },
  ) {
    return this.fleet.agent([
      "--gateway",
      `ws://127.0.0.1:${port}`,
      "--token-file",
      token,
      ...(more.includes("--min-gateways") ? [] : ["--min-gateways", "1"]),
      "--services",
      services,
      ...more,
    ]);
  }

  /** A file of services, by what each table says. */
  services(name: string, ...tables: string[]): string {
    const file = join(this.fleet.folder, `${name}.toml`);
    writeFileSync(file, tables.map((table) => `[[service]]\n${table}\n`).join(""));
    return file;
  }

  async tunnels(gateway: GatewayOnStage, count: number): Promise<void> {
    await expect.poll(() => tunnelsOf(gateway), { timeout: 20_000 }).toHaveLength(count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}
