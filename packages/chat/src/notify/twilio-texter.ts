import {
  classifyNetwork,
  classifyStatus,
  OPERATIONS,
  retryAfterMs,
  SecretError,
  type Failure,
  type Guard,
  type Secret,
} from "@warren/host";
import * as v from "valibot";
import { deliveryError, type CarrierWords } from "./delivery.ts";
import type { ShortMessage, Texter } from "./ports.ts";

export const TWILIO_URL = "https://api.twilio.com";

export interface TwilioOptions {
  accountSid: string;
  /** Read for each message: one that was changed counts from the next on. */
  authToken: Secret;
  /** E.164, or what Twilio calls an alphanumeric sender. */
  from: string;
  /** `TWILIO_URL`, or a server that speaks as it does. */
  baseUrl: string;
}

export interface TwilioDeps {
  /** Made with `classifyTwilio`. */
  guard: Guard;
  wallNow: () => number;
}

/** Twilio's own bound (error 21617). */
const LONGEST_TEXT = 1600;

/**
 * Sends by Twilio's REST interface (2010-04-01, Messages). An attempt whose answer was lost is repeated:
 * a second text does less harm than none.
 */
export function twilioTexter(options: TwilioOptions, deps: TwilioDeps): Texter {
  const { accountSid, authToken, from, baseUrl } = options;
  const path = `/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`;
  const url = new URL(path, baseUrl);
  const post = async ({ to, text }: ShortMessage, signal: AbortSignal) => {
    const basic = Buffer.from(`${accountSid}:${await authToken.read()}`).toString("base64");
    const answer = await fetch(url, {
      method: "POST",
      headers: { authorization: `Basic ${basic}`, accept: "application/json" },
      body: new URLSearchParams({ From: from, To: to, Body: text.slice(0, LONGEST_TEXT) }),
      // Elsewhere it would take the credentials along.
      redirect: "error",
      signal,
    });
    if (!answer.ok) throw await refusal(answer, deps.wallNow());
    await answer.body?.cancel();
  };
  return {
    async send(message, signal) {
      const sent = deps.guard.run(OPERATIONS.sms, (stop) => post(message, stop), signal);
      await sent.catch((error: unknown) => {
        signal.throwIfAborted();
        throw deliveryError("twilio", error, readTwilio);
      });
    },
  };
}

/** Twilio said no. Its own words quote the number, so they are left behind. */
class TwilioRefusal extends Error {
  override readonly name = "TwilioRefusal";
  readonly status: number;
  /** Of Twilio's error dictionary; undefined when something in between answered. */
  readonly code: number | undefined;
  readonly retryAfterMs: number;
  constructor(status: number, code: number | undefined, retryAfterMs: number) {
    super(`status ${status}, code ${code ?? "none"}`);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

const ErrorBody = v.pipe(v.string(), v.parseJson(), v.object({ code: v.number() }));
const MOST_ERROR_BYTES = 65_536;

async function refusal(answer: Response, nowMs: number): Promise<TwilioRefusal> {
  const parsed = v.safeParse(ErrorBody, await boundedText(answer));
  const laterMs = retryAfterMs(answer.headers.get("retry-after") ?? undefined, nowMs) ?? 0;
  return new TwilioRefusal(answer.status, parsed.success ? parsed.output.code : undefined, laterMs);
}

/** As much of a body as an honest error has. */
async function boundedText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_ERROR_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Codes that say more than their status: an account's own queue is full; too many requests at once. */
const DEFERRED_CODES = new Set([20429, 21611, 14107]);

export function classifyTwilio(error: unknown): Failure {
  // A mounted Secret that is being renewed.
  if (error instanceof SecretError) return { kind: "transient", retryAfterMs: 0 };
  if (!(error instanceof TwilioRefusal)) {
    return { kind: classifyNetwork(error) ?? "not-a-failure", retryAfterMs: 0 };
  }
  const isDeferred = error.code !== undefined && DEFERRED_CODES.has(error.code);
  const kind = isDeferred ? "deferred" : classifyStatus(error.status);
  return { kind, retryAfterMs: error.retryAfterMs };
}

function readTwilio(error: unknown): CarrierWords {
  const { kind } = classifyTwilio(error);
  if (!(error instanceof TwilioRefusal)) return { code: "NETWORK", status: undefined, kind };
  return { code: String(error.code ?? "UNKNOWN"), status: error.status, kind };
}
