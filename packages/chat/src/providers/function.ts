import type { Secret } from "@warren/host";
import { CloudEventError, readCloudEvent, writeCloudEvent } from "./cloud-event.ts";
import type { CloudEvent, ContentMode } from "./cloud-event.ts";
import { answerIn, type FunctionAnswers } from "./function-answers.ts";
import { abortOf, LinkedAbort } from "./linked-abort.ts";
import type { ProviderRequest } from "./ports.ts";
import { ProviderError } from "./provider-error.ts";
import { keyOf, type Exchange, type UpstreamDeps } from "./streaming.ts";
import { replyFault } from "./upstream-fault.ts";
import type { Reply } from "./upstream.ts";

export interface FunctionTarget {
  /** Provider id; the event's receiver. */
  id: string;
  endpoint: URL;
  /** Sent as a bearer token; undefined for none. */
  key: Secret | undefined;
  mode: ContentMode;
  /** `source` of the events: who asks. */
  source: string;
}

export interface FunctionDeps extends UpstreamDeps {
  answers: FunctionAnswers;
}

const ASK_TYPE = "messaging.message.received";
/** An answer in the response. */
const MOST_ANSWER_BYTES = 1_048_576;

/**
 * A function that answers: asked by a CloudEvent, it answers in the response or by an event of its
 * own, later. Whatever comes first counts. Every try for a run sends the same event, so that a
 * function which got one twice can know it.
 */
export function functionExchange(target: FunctionTarget, deps: FunctionDeps): Exchange {
  return {
    async *stream(request, signal) {
      using link = new LinkedAbort(signal);
      using aborted = abortOf(signal);
      using later = deps.answers.expect(request.runId);
      try {
        const direct = ask(target, deps, { request, signal: link.signal });
        const either = direct.then((now) => now ?? later.answer);
        const text = await Promise.race([later.answer, either, aborted.promise]);
        if (text !== "") yield { type: "text", text };
        yield { type: "finish", reason: "stop" };
      } finally {
        link.abort(new Error("answered"));
      }
    },
    /** Opens no event: a function may sleep, and waking it for this would cost. */
    async probe() {},
  };
}

interface Asking {
  request: ProviderRequest;
  signal: AbortSignal;
}

/** The answer in the response; undefined where it is to come later. */
async function ask(
  target: FunctionTarget,
  deps: FunctionDeps,
  { request, signal }: Asking,
): Promise<string | undefined> {
  const key = target.key === undefined ? "" : await keyOf(target.key);
  const runKey = deps.answers.keyOf(request.runId);
  const { headers, body } = writeCloudEvent(eventOf(target, request, runKey), target.mode);
  const authorization: Record<string, string> =
    key === "" ? {} : { authorization: `Bearer ${key}` };
  const reply = await deps.upstream.send(
    { method: "POST", url: target.endpoint, headers: { ...headers, ...authorization }, body },
    signal,
  );
  if (reply.status < 200 || reply.status > 299) throw await replyFault(reply, { ...deps, key });
  const text = await bodyOf(reply);
  return text === "" ? undefined : answerOf(reply, text, runKey);
}

async function bodyOf(reply: Reply): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of reply.chunks) {
      bytes += chunk.byteLength;
      if (bytes > MOST_ANSWER_BYTES) throw new ProviderError("garbage", "more than 1 MiB came");
      parts.push(chunk);
    }
    reply.release();
    return Buffer.concat(parts).toString("utf8");
  } catch (error) {
    reply.cut();
    throw error;
  }
}

function answerOf(reply: Reply, body: string, runKey: string): string {
  try {
    const answer = answerIn(readCloudEvent({ header: (name) => reply.header(name), body }));
    if (answer.runKey === runKey) return answer.text;
    throw new CloudEventError("idempotency_key is another run's");
  } catch (error) {
    if (!(error instanceof CloudEventError)) throw error;
    throw new ProviderError("garbage", `the response is no answer: ${error.message}`);
  }
}

function eventOf(
  { id, source }: FunctionTarget,
  request: ProviderRequest,
  runKey: string,
): CloudEvent {
  const { sessionId, userHash, runId, asked, history, system } = request;
  const timestamp = new Date(asked.atMs).toISOString();
  return {
    id: runId,
    source,
    type: ASK_TYPE,
    subject: sessionId,
    time: timestamp,
    data: {
      message_id: asked.messageId,
      idempotency_key: runKey,
      conversation_id: sessionId,
      sender_id: userHash,
      receiver_id: id,
      sequence_number: asked.number,
      message_type: "text",
      content: history.at(-1)?.text ?? "",
      timestamp,
      system_prompt: system,
      history: history.map(({ role, text, name }) => ({ role, text, name })),
    },
  };
}
