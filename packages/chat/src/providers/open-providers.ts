import { randomId, type Clock, type Log, type Metrics } from "@warren/host";
import { anthropicDialect } from "./anthropic.ts";
import { checkProviders, type ProvidersCheck } from "./checks.ts";
import { demoExchange } from "./demo.ts";
import { difyDialect } from "./dify.ts";
import { ProviderEvents } from "./events.ts";
import { functionExchange } from "./function.ts";
import { FunctionAnswers } from "./function-answers.ts";
import { Guarded } from "./guarded.ts";
import { openaiDialect } from "./openai.ts";
import type { Provider } from "./ports.ts";
import { runProbes } from "./probes.ts";
import type { ProviderConfig } from "./provider-config.ts";
import { Router, type AnswerEvent, type Question } from "./router.ts";
import { streaming, type Exchange, type UpstreamDeps } from "./streaming.ts";
import { timed } from "./timed.ts";
import { openUpstream } from "./upstream.ts";

/** All that can be set; see PROVIDER_SETTINGS. */
export interface ProviderSettings {
  connectMs: number;
  firstTokenMs: number;
  stallMs: number;
  wholeMs: number;
  attempts: number;
  firstRetryMs: number;
  retryCapMs: number;
  breakerFailures: number;
  breakerOpenMs: number;
  /** Of one provider: answers at a time, and answers that wait for a place. */
  streams: number;
  queue: number;
  /** 0 for no probes. */
  probeEveryMs: number;
}

export const PROVIDER_SETTINGS: Readonly<ProviderSettings> = Object.freeze({
  connectMs: 10_000,
  firstTokenMs: 30_000,
  stallMs: 30_000,
  wholeMs: 120_000,
  attempts: 3,
  firstRetryMs: 1000,
  retryCapMs: 30_000,
  breakerFailures: 5,
  breakerOpenMs: 30_000,
  streams: 256,
  queue: 1024,
  probeEveryMs: 60_000,
});

export interface ProviderDeps {
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  random: () => number;
  log: Log;
  metrics: Metrics;
  /** `source` of the events that functions get, such as `/warren/chat/<cluster>`. */
  eventSource: string;
}

/** The AIs that answer, as the rest of the chat sees them. */
export interface Providers extends AsyncDisposable {
  /** For the viewers' choice, in the order of the configuration; the first is the default. */
  readonly models: readonly { id: string; name: string }[];
  /** Which of them a session's choice means. */
  config(modelId: string | undefined): ProviderConfig;
  /** One answer; see Router. */
  answer(question: Question, signal: AbortSignal): AsyncIterable<AnswerEvent>;
  /** Takes the events by which functions answer later. */
  readonly answers: FunctionAnswers;
  checks(): ProvidersCheck;
}

/** Opens the way to the configured providers (at least one), and probes them until disposed. */
export function openProviders(
  configs: readonly [ProviderConfig, ...ProviderConfig[]],
  settings: ProviderSettings,
  deps: ProviderDeps,
): Providers {
  const { clock, random } = deps;
  const events = new ProviderEvents(deps.log, deps.metrics);
  const upstream = openUpstream({ clock, connectMs: settings.connectMs });
  const answers = new FunctionAnswers(randomId(32));
  const all = configs.map((config) => {
    const exchange = exchangeOf(config, { ...deps, upstream, answers });
    return new Guarded(providerOf(config, exchange, { clock, settings }), {
      clock,
      events,
      breaker: { failures: settings.breakerFailures, openMs: settings.breakerOpenMs },
      bulkhead: { places: settings.streams, queue: settings.queue },
    });
  });
  const router = new Router(all, { ...settings, clock, random }, events);
  const closing = new AbortController();
  const everyMs = settings.probeEveryMs;
  const probing = runProbes(all, { clock, random, everyMs }, closing.signal);
  return {
    models: configs.map(({ id, name }) => ({ id, name })),
    config: (modelId) => configs.find(({ id }) => id === modelId) ?? configs[0],
    answer: (question, signal) => router.answer(question, signal),
    answers,
    checks: () => checkProviders(all),
    async [Symbol.asyncDispose]() {
      closing.abort(new Error("the providers are closed"));
      await probing;
      upstream[Symbol.dispose]();
    },
  };
}

function providerOf(
  { id, name, type, model }: ProviderConfig,
  exchange: Exchange,
  { clock, settings }: { clock: Clock; settings: ProviderSettings },
): Provider {
  return timed({ id, name, type, model }, exchange, { clock, timers: settings });
}

interface ExchangeDeps extends UpstreamDeps {
  random: () => number;
  answers: FunctionAnswers;
  eventSource: string;
}

function exchangeOf(config: ProviderConfig, deps: ExchangeDeps): Exchange {
  switch (config.type) {
    case "demo":
      return demoExchange(deps);
    case "function": {
      const { id, endpoint, apiKey: key, mode } = config;
      return functionExchange({ id, endpoint, key, mode, source: deps.eventSource }, deps);
    }
    case "openai":
      return streaming(openaiDialect(config.model), destination(config), deps);
    case "anthropic":
      return streaming(anthropicDialect(config.model), destination(config), deps);
    case "dify":
      return streaming(difyDialect(), destination(config), deps);
  }
}

function destination({
  endpoint,
  apiKey,
}: Extract<ProviderConfig, { type: "openai" | "anthropic" | "dify" }>) {
  return { endpoint, key: apiKey };
}
