import { once } from "node:events";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { connect, type ConnectionOptions } from "node:tls";
import type { X509Certificate } from "node:crypto";
import {
  freePort,
  RawService,
  answering,
  type LeapingClock,
  type TestCa,
} from "@warren/host/testing";
import type { GatewayConfig } from "@warren/gateway";
import { EVERYBODY } from "@warren/wire";
import { routeTo } from "./configs.ts";
import { Joined, type JoinedOptions } from "./joined.ts";

export const YEAR_SECONDS = 31_536_000;
const SHUT = { deny: [...EVERYBODY] };

export interface AcmeStageOptions {
  hosts: readonly string[];
  /** Hosts of which nobody is to come in. */
  shut?: readonly string[];
  acme?: Partial<NonNullable<GatewayConfig["acme"]>>;
  gateway?: JoinedOptions["gateway"];
  certificates?: JoinedOptions["certificates"];
  clock?: JoinedOptions["clock"];
  /** Where the CA comes out beside the other gateways. */
  add?: boolean;
}

/** Gateways that order from a CA, each with an agent that publishes hosts. */
export class AcmeStage implements AsyncDisposable {
  readonly #owned = new AsyncDisposableStack();
  readonly ca: TestCa;
  readonly keyFile: string;

  constructor(ca: TestCa) {
    this.ca = ca;
    const folder = this.#owned.adopt(mkdtempDisposableSync(join(tmpdir(), "warren-acme-")), (f) =>
      f.remove(),
    );
    this.keyFile = join(folder.path, "shared.key");
    writeFileSync(this.keyFile, "a key that all gateways of this test share\n");
  }

  async gateway(options: AcmeStageOptions): Promise<Joined> {
    const { ca } = this;
    const answer = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    const service = this.#owned.use(await RawService.start(answer));
    const ports = { http: await freePort(), tls: await freePort() };
    ca.targets = options.add === true ? [...ca.targets, ports] : [ports];
    const acme = {
      directory: ca.directory,
      caFile: ca.caFile,
      email: undefined,
      ownHosts: [],
      challenges: ["http-01"] as const,
      wildcardNames: 2,
      newNamesPerWeek: 25,
      ordersPerHour: 50,
      atOnce: 5,
      ...options.acme,
    };
    return this.#owned.use(
      await Joined.start({
        routes: [
          ...options.hosts.map((host) => routeTo(host, service.port, { service: "web" })),
          ...(options.shut ?? []).map((host) => routeTo(host, service.port, { policy: SHUT })),
        ],
        certificates: options.certificates ?? {},
        tls: { port: ports.tls, redirect: true },
        ...(options.clock !== undefined && { clock: options.clock }),
        gateway: {
          http: { port: ports.http },
          acme,
          sharedKeyFile: this.keyFile,
          ...options.gateway,
        },
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

/** The certificate that a gateway shows for a host. Rejects with the alert where it has none. */
export async function shown(
  port: number,
  servername: string,
  options: ConnectionOptions = {},
): Promise<X509Certificate> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername,
    rejectUnauthorized: false,
    ...options,
  });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerX509Certificate()!;
  } finally {
    socket.destroy();
  }
}

export const line = (joined: Joined, msg: string, host: string) =>
  joined.log.line((one) => one.msg === msg && one.fields["host"] === host);

/** Lets half a minute pass again and again. */
export async function leapUntil(clock: LeapingClock, done: Promise<unknown>): Promise<void> {
  const ended = done.then(() => "done");
  for (let said = ""; said !== "done"; said = await Promise.race([ended, later(100, "")]))
    clock.leap(40_000);
}
