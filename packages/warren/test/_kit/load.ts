import { Agent, request, type IncomingMessage } from "node:http";
import { setTimeout as later } from "node:timers/promises";

export interface LoadOptions {
  port: number;
  host: string;
  /** Requests under way at any time. */
  together: number;
  /** After so many it goes on at a walk: what it waits for then is time, not numbers. */
  hasty: number;
}

const UPLOAD = Buffer.alloc(48_000, "upload ");
const KINDS = ["kept GET", "new GET", "kept POST", "new POST", "chunked POST"] as const;
const WALK_MS = 50;
type Kind = (typeof KINDS)[number];

/**
 * Requests of all kinds by turns, over kept and over new connections, until told to stop; what was
 * not answered with 200 and the right bytes is a failure. Nothing is tried twice. The service is
 * `traffic-service.ts`.
 */
export class Load {
  readonly failures: string[] = [];
  answered = 0;
  slowestMs = 0;
  readonly #options: LoadOptions;
  readonly #kept: Agent;
  readonly #stopped = new AbortController();
  readonly #done: Promise<unknown>;
  #next = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#kept = new Agent({ keepAlive: true, maxSockets: options.together });
    this.#done = Promise.all(Array.from({ length: options.together }, () => this.#run()));
  }

  /** Resolves when `count` more have been answered. */
  async more(count: number): Promise<void> {
    const until = this.answered + this.failures.length + count;
    while (this.answered + this.failures.length < until) await later(5);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
    this.#kept.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const number = this.#next++;
      if (number >= this.#options.hasty) await later(WALK_MS);
      const kind = KINDS[number % KINDS.length]!;
      const startedAt = performance.now();
      try {
        await this.#one(kind, number);
        this.answered++;
        this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
      } catch (reason) {
        const ms = Math.round(performance.now() - startedAt);
        this.failures.push(`${kind} ${number} after ${ms} ms: ${String(reason)}`);
      }
    }
  }

  async #one(kind: Kind, number: number): Promise<void> {
    const { port, host } = this.#options;
    const post = kind.endsWith("POST");
    const asked = request({
      host: "127.0.0.1",
      port,
      path: `/${number}`,
      method: post ? "POST" : "GET",
      headers: { host, ...(kind.startsWith("chunked") && { "transfer-encoding": "chunked" }) },
      agent: kind.startsWith("kept") ? this.#kept : false,
    });
    const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
      asked.on("error", reject);
      asked.on("response", (answer) => void readWhole(answer).then(resolve, reject));
    });
    asked.end(post ? UPLOAD : undefined);
    const { status, text } = await answered;
    const wanted = post ? `${number} ${UPLOAD.length}` : `${number} 0`;
    if (status !== 200 || text !== wanted) throw new Error(`${status} ${text.slice(0, 200)}`);
  }
}

async function readWhole(answer: IncomingMessage): Promise<{ status: number; text: string }> {
  let text = "";
  for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
  return { status: answer.statusCode!, text };
}
