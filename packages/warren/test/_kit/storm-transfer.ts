import { createHash } from "node:crypto";
import { once } from "node:events";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { setTimeout as later } from "node:timers/promises";
import { pseudoRandom } from "./pseudo-random.ts";

export interface Transfer {
  entry: { port: number; host: string };
  seed: number;
  length: number;
  bytesPerSecond: number;
  /** Called with every piece that went or came. */
  moved: (bytes: number) => void;
  signal: AbortSignal;
}

/** Fetches the seed's bytes; resolves with the SHA-256 of what came. */
export async function download(transfer: Transfer): Promise<string> {
  const { seed, length } = transfer;
  const asked = ask(transfer, "GET", `/bytes?seed=${seed}&length=${length}`);
  asked.end();
  const response = await answered(asked);
  const hash = createHash("sha256");
  const pace = pacer(transfer);
  for await (const chunk of response as AsyncIterable<Buffer>) {
    hash.update(chunk);
    await pace(chunk.length);
  }
  return hash.digest("hex");
}

/** Sends the seed's bytes; resolves with the SHA-256 that the service says it got. */
export async function upload(transfer: Transfer): Promise<string> {
  const asked = ask(transfer, "POST", "/upload", { "content-length": transfer.length });
  const answer = answered(asked);
  // Awaited below; a failure while the body still goes out must not count as nobody's.
  answer.catch(() => {});
  const pace = pacer(transfer);
  for (const block of pseudoRandom(transfer.seed, transfer.length)) {
    if (!asked.write(block)) await Promise.race([once(asked, "drain"), answer]);
    await pace(block.length);
  }
  asked.end();
  const response = await answer;
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
  return (JSON.parse(text) as { sha256: string }).sha256;
}

function ask(
  { entry, signal }: Transfer,
  method: string,
  path: string,
  headers: Record<string, string | number> = {},
): ClientRequest {
  return request({
    host: "127.0.0.1",
    port: entry.port,
    method,
    path,
    headers: { host: entry.host, ...headers },
    agent: false,
    signal,
  });
}

/**
 * The transfer was not begun: 503 with Retry-After, as a gateway says while a tunnel is lost and may
 * resume. A client that keeps asking is served; only what was begun must not fail.
 */
export class TurnedAway extends Error {
  override readonly name = "TurnedAway";
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super(`turned away for ${retryAfterMs} ms`);
    this.retryAfterMs = retryAfterMs;
  }
}

async function answered(asked: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  // What fails from here on also fails the response's body.
  asked.on("error", () => {});
  const seconds = Number(response.headers["retry-after"]);
  if (response.statusCode === 503 && seconds > 0) throw new TurnedAway(seconds * 1_000);
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
  return response;
}

/** Waits as long as it takes not to be ahead of the pace; a tenth of a second ahead is fine. */
function pacer({ bytesPerSecond, moved, signal }: Transfer): (bytes: number) => Promise<void> {
  const started = performance.now();
  let total = 0;
  return async (bytes) => {
    total += bytes;
    moved(bytes);
    const aheadMs = (total / bytesPerSecond) * 1000 - (performance.now() - started);
    if (aheadMs > 100) await later(aheadMs, undefined, { signal });
  };
}
