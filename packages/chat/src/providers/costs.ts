import type { Usage } from "./ports.ts";

/** Per million tokens, in a currency that the operator has in mind. */
export interface Prices {
  input: number;
  output: number;
}

/** What an answer cost, in millionths of that currency: a whole number, so that sums stay exact. */
export function costMicros(usage: Usage, prices: Prices): number {
  return Math.round(usage.inputTokens * prices.input + usage.outputTokens * prices.output);
}
