import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock, Waiting, type VirtualClock } from "@warren/host/testing";
import { DEMO_PROVIDER } from "../src/providers/provider-config.ts";
import { readProviderConfigs } from "../src/providers/read-provider-configs.ts";
import {
  openProviders,
  PROVIDER_SETTINGS,
  type Providers,
  type ProviderSettings,
} from "../src/providers/open-providers.ts";
import type { ProviderRequest, Turn } from "../src/providers/ports.ts";
import { ProviderError } from "../src/providers/provider-error.ts";
import type { AnswerEvent } from "../src/providers/router.ts";

export const KEY = "sk-test-0123456789";

/** A virtual clock that says when somebody waits. */
export interface WatchedClock extends VirtualClock {
  /** Resolves once a timer for exactly `ms` is set. */
  waits(ms: number): Promise<void>;
}

export function watchedClock(): WatchedClock {
  const clock = virtualClock();
  const set = new Set<{ ms: number }>();
  const changes = new Waiting();
  return {
    now: () => clock.now(),
    after(ms, task) {
      const timer = { ms };
      set.add(timer);
      const forget = clock.after(ms, () => {
        set.delete(timer);
        task();
      });
      changes.look();
      return () => {
        set.delete(timer);
        forget();
      };
    },
    advance: (ms) => clock.advance(ms),
    get pending() {
      return clock.pending;
    },
    waits: async (ms) =>
      void (await changes.until(() => [...set].some((timer) => timer.ms === ms))),
  };
}

export interface Kit extends AsyncDisposable {
  providers: Providers;
  clock: WatchedClock;
  log: ReturnType<typeof recordingLog>;
  metrics: ReturnType<typeof promMetrics>;
  /** The value of a series in the exposition: `name{provider="a"}`. */
  metric(series: string): Promise<number | undefined>;
}

/** Epoch milliseconds of the kit's start; goes with its clock. */
export const WALL_MS = Date.UTC(2026, 10, 21, 12);

/** Providers as `LLM_PROVIDER_<n>_*` say, on a virtual clock, with `random` always a half. */
export function openKit(
  env: Record<string, string>,
  settings: Partial<ProviderSettings> = {},
  clock: WatchedClock = watchedClock(),
): Kit {
  const { providers: configs, problems } = readProviderConfigs(env, undefined);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const [first = DEMO_PROVIDER, ...rest] = configs;
  const log = recordingLog();
  const metrics = promMetrics();
  const providers = openProviders(
    [first, ...rest],
    { ...PROVIDER_SETTINGS, probeEveryMs: 0, ...settings },
    {
      clock,
      wallClock: () => WALL_MS + clock.now(),
      random: () => 0.5,
      log,
      metrics,
      eventSource: "/warren/chat/test",
    },
  );
  return {
    providers,
    clock,
    log,
    metrics,
    async metric(series) {
      const lines = (await metrics.text()).split("\n");
      const line = lines.find((text) => text.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
    [Symbol.asyncDispose]: () => providers[Symbol.asyncDispose](),
  };
}

/** The environment of provider number `n`. */
export function providerEnv(n: number, fields: Record<string, string>): Record<string, string> {
  const all = { ID: `p${n}`, NAME: `Provider ${n}`, API_KEY: KEY, ...fields };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [`LLM_PROVIDER_${n}_${name}`, value]),
  );
}

export function user(text: string): Turn {
  return { role: "user", text, name: undefined };
}

export function requestOf(text: string, more: Partial<ProviderRequest> = {}): ProviderRequest {
  return {
    system: "",
    history: [user(text)],
    sessionId: "0123456789abcdef0123456789abcdef",
    userHash: "user-1",
    runId: "run-1",
    asked: { messageId: "m-1", number: 3, atMs: WALL_MS },
    ...more,
  };
}

/** Somebody who reads an answer to its end. */
export class Reader {
  readonly events: AnswerEvent[] = [];
  readonly #changes = new Waiting();
  readonly #stop = new AbortController();
  /** Resolves with what ended it: undefined after `finish`. */
  readonly end: Promise<unknown>;

  constructor(providers: Pick<Providers, "answer">, request: ProviderRequest, modelId?: string) {
    const answer = providers.answer({ modelId, isAlone: false, request }, this.#stop.signal);
    this.end = this.#read(answer);
  }

  get text(): string {
    return this.events.map((event) => (event.type === "text" ? event.text : "")).join("");
  }
  /** Who was asked, and why. */
  get attempts(): string[] {
    return this.events.flatMap((event) =>
      event.type === "attempt" ? [`${event.provider.id} ${event.because}`] : [],
    );
  }
  /** The end as a fault. */
  async fault(): Promise<ProviderError> {
    const end = await this.end;
    if (end instanceof ProviderError) return end;
    throw new Error("it did not end with a ProviderError", { cause: end });
  }
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }
  until(seen: (event: AnswerEvent) => boolean): Promise<AnswerEvent> {
    return this.#changes.until(() => this.events.find(seen));
  }

  async #read(answer: AsyncIterable<AnswerEvent>): Promise<unknown> {
    try {
      for await (const event of answer) {
        this.events.push(event);
        this.#changes.look();
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
