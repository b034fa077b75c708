import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promMetrics, systemClock, type Clock } from "@warren/host";
import { recordingLog } from "@warren/host/testing";
import type { ServerFrame, ServerFrames, ServerFrameType } from "@warren/wire";
import { WebSocket } from "ws";
import { METRICS_NETWORKS } from "../src/auth/client-address.ts";
import { CLAIM_NAMES } from "../src/auth/claims.ts";
import { mintToken } from "../src/auth/mint-token.ts";
import { SharedSecrets } from "../src/auth/shared-secrets.ts";
import type { ChatDeps } from "../src/chat-deps.ts";
import type { ChatConfig } from "../src/config.ts";
import { CHAT_RATES } from "../src/connections/memory-limits.ts";
import { PROVIDER_SETTINGS } from "../src/providers/open-providers.ts";
import { DEMO_PROVIDER } from "../src/providers/provider-config.ts";
import { startChat, type RunningChat } from "../src/start.ts";

/** What a process must know to go on where another was. */
export interface TestSecrets {
  readonly token: string;
  readonly key: string;
}

export const SECRETS: TestSecrets = {
  token: randomBytes(48).toString("base64"),
  key: randomBytes(32).toString("base64"),
};

export function tokenOf(userId: string, roles: readonly string[] = [], name?: string): string {
  return mintToken({
    secret: SECRETS.token,
    algorithm: "HS256",
    userId,
    roles,
    name,
    lifeMs: 3_600_000,
    nowMs: Date.now(),
    names: CLAIM_NAMES,
    issuer: undefined,
    audience: undefined,
  });
}

export function configOf(
  folder: string,
  given: Partial<ChatConfig> = {},
  { token, key }: TestSecrets = SECRETS,
): ChatConfig {
  const longestLifeMs = 86_400_000;
  return {
    listen: { host: "127.0.0.1", port: 0 },
    tls: undefined,
    probePort: undefined,
    prefix: "/chat",
    folder,
    store: { kind: "sqlite" },
    redis: undefined,
    cluster: "home",
    isDevelopment: true,
    trust: {
      keys: new SharedSecrets([token]),
      rules: {
        names: CLAIM_NAMES,
        issuer: undefined,
        audience: undefined,
        toleranceMs: 5_000,
        longestLifeMs,
      },
    },
    takesQueryTokens: true,
    keys: async () => ({ current: key, former: "" }),
    origins: { sockets: [], cors: [] },
    pages: undefined,
    framedBy: [],
    trustedProxies: [],
    metricsNetworks: METRICS_NETWORKS,
    providers: [DEMO_PROVIDER],
    providerSettings: PROVIDER_SETTINGS,
    systemPrompt: "",
    pseudonymKey: token,
    rates: CHAT_RATES,
    frameBytes: 1_048_576,
    connections: { most: 20_000, mostOfUser: 10, mostWaitingBytes: 1_048_576 },
    returnMs: 900_000,
    takeoverLeaseMs: 300_000,
    guests: { secrets: [token], lifeMs: 3_600_000 },
    notify: {
      emails: [],
      phones: [],
      adminPanelUrl: undefined,
      letterhead: { from: "chat@localhost", fromName: undefined, replyTo: undefined },
      smtp: [],
      sms: undefined,
      outbox: join(folder, "outbox"),
    },
    files: {
      store: { kind: "folder", folder: join(folder, "files") },
      mostBytes: 104_857_600,
      quotaBytes: 1_073_741_824,
      linkMs: 3_600_000,
      allowForeign: true,
    },
    shares: { lifeMs: 3_600_000, longestMs: 86_400_000 },
    retention: { sessionsMs: undefined, filesMs: undefined, everyMs: 3_600_000 },
    drain: { delayMs: 0, spreadMs: 0, runsMs: 5_000 },
    ...given,
  };
}

export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "warren-chat-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A chat over real sockets, with its folder. */
export async function runningChat(
  given: Partial<ChatConfig> = {},
  clock: Clock = systemClock,
  more: Partial<ChatDeps> = {},
) {
  const opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const log = recordingLog();
  const deps = {
    clock,
    wallClock: Date.now,
    random: Math.random,
    log,
    metrics: promMetrics(),
    fatal: (cause: unknown) => {
      throw cause;
    },
    ...more,
  };
  const config = configOf(folder.path, given);
  const chat: RunningChat = opened.use(await startChat(config, deps, new AbortController().signal));
  return {
    chat,
    folder,
    log,
    metrics: deps.metrics,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A client that keeps what it hears. */
export class Client implements Disposable {
  readonly heard: ServerFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString()) as ServerFrame);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  static async open(port: number, token: string, query = ""): Promise<Client> {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat/ws${query}`, { headers });
    const client = new Client(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", () => resolve());
      socket.once("error", reject);
    });
    return client;
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame of a type that fits, from `from` on. */
  async next<T extends ServerFrameType>(
    type: T,
    fits: (frame: ServerFrames[T]) => boolean = () => true,
    from = 0,
  ): Promise<ServerFrames[T]> {
    for (;;) {
      const found = this.heard
        .slice(from)
        .find((frame) => frame.type === type && fits(frame as ServerFrames[T]));
      if (found !== undefined) return found as ServerFrames[T];
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
