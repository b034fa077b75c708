import { wait, type Clock } from "@warren/host";
import { demoAnswer } from "./demo-text.ts";
import type { Exchange } from "./streaming.ts";

export interface DemoDeps {
  clock: Clock;
  /** Uniform in [0, 1): varies the pace. */
  random: () => number;
}

/** About 40 tokens a second, as hosted models stream. */
const TOKEN_MS = 25;
const FIRST_TOKEN_MS = 200;

/** A model without a network: it answers from the words of the conversation, at a believable pace. */
export function demoExchange({ clock, random }: DemoDeps): Exchange {
  return {
    async *stream(request, signal) {
      const tokens = tokensOf(demoAnswer(request));
      const inputTokens = countOf(request.system, ...request.history.map(({ text }) => text));
      let outputTokens = 0;
      for (const text of tokens) {
        const paceMs = outputTokens === 0 ? FIRST_TOKEN_MS : TOKEN_MS;
        await wait(clock, paceMs * (0.5 + random()), signal);
        signal.throwIfAborted();
        outputTokens += 1;
        yield { type: "text", text };
      }
      const totalTokens = inputTokens + outputTokens;
      yield { type: "usage", usage: { inputTokens, outputTokens, totalTokens } };
      yield { type: "finish", reason: "stop" };
    },
    async probe() {},
  };
}

/** A word with the blanks before it, at most some letters at a time: about what models call a token. */
function tokensOf(text: string): string[] {
  return text.match(/\s*\S{1,6}|\s+$/gu) ?? [];
}

function countOf(...texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + tokensOf(text).length, 0);
}
