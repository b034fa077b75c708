import { describe, expect, test } from "vitest";
import { guard, AttemptTimeoutError, DependencyOpenError, type Guard } from "./guard.ts";
import type { Classify } from "./guard-classify.ts";
import { GuardMetrics } from "./guard-events.ts";
import { BREAKERS, OPERATIONS, type Operation } from "./guard-operations.ts";
import { promMetrics } from "./metrics.ts";
import { recordingLog } from "./testing/logs.ts";
import { virtualClock } from "./testing/virtual-clock.ts";

/** A failure that says itself what kind it is. */
class Trouble extends Error {
  readonly kind: "transient" | "permanent" | "deferred" | "not-a-failure";
  readonly retryAfterMs: number;
  constructor(kind: Trouble["kind"], retryAfterMs = 0) {
    super("secret words of the dependency");
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}
const classify: Classify = (error) =>
  error instanceof Trouble
    ? { kind: error.kind, retryAfterMs: error.retryAfterMs }
    : "not-a-failure";

const STEADY: Operation = {
  name: "steady",
  retries: 3,
  firstMs: 100,
  maxMs: 300,
  timeoutMs: 1_000,
};
const ONCE: Operation = { ...STEADY, name: "once", retries: 0 };

function kit(random = () => 0.999) {
  const clock = virtualClock();
  const log = recordingLog();
  const metrics = promMetrics();
  const options = { breaker: { failures: 3, openMs: 10_000 }, classify };
  const guarded = guard("mongodb", options, {
    clock,
    random,
    metrics: new GuardMetrics(metrics),
    log,
  });
  return { clock, log, metrics, guarded };
}

/** Lets everything that is ready run, without time passing. */
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Calls fail with these in turn, then succeed; `at` is when each attempt began. */
function attempts(clock: { now(): number }, ...failures: Trouble[]) {
  const at: number[] = [];
  const call = async () => {
    at.push(Math.round(clock.now()));
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return "done";
  };
  return { at, call };
}

/** Lets time pass, `stepMs` at once, until `promise` is over. */
async function passing<T>(promise: Promise<T>, clock: { advance(ms: number): void }, stepMs = 100) {
  const run = { isOver: false };
  const watched = promise.finally(() => (run.isOver = true));
  watched.catch(() => {});
  while (!run.isOver) {
    await settled();
    if (!run.isOver) clock.advance(stepMs);
  }
  return watched;
}

const matrixRow = ({ retries, firstMs, maxMs }: Operation) => [retries, firstMs, maxMs];

const fail = (guarded: Guard, kind: Trouble["kind"] = "transient") =>
  guarded.run(ONCE, () => Promise.reject(new Trouble(kind))).catch((error: unknown) => error);

describe("retries", () => {
  test("wait below a bound that doubles up to its maximum", async () => {
    const { clock, guarded } = kit();
    const two = attempts(clock, new Trouble("transient"), new Trouble("transient"));
    expect(await passing(guarded.run(STEADY, two.call), clock, 1)).toBe("done");
    expect(two.at).toEqual([0, 100, 300]);
  });

  test("come at once where chance says so", async () => {
    const { clock, guarded } = kit(() => 0);
    const two = attempts(clock, new Trouble("transient"), new Trouble("transient"));
    expect(await passing(guarded.run(STEADY, two.call), clock)).toBe("done");
  });

  test("end after their number, with the failure itself", async () => {
    const { clock, guarded } = kit();
    const all = attempts(clock, ...Array.from({ length: 9 }, () => new Trouble("deferred")));
    await expect(passing(guarded.run(STEADY, all.call), clock)).rejects.toBeInstanceOf(Trouble);
    expect(all.at).toHaveLength(4);
  });

  test.each([
    { name: "a permanent failure", kind: "permanent" as const },
    { name: "an answer that is no failure of the dependency", kind: "not-a-failure" as const },
  ])("are not made after $name", async ({ kind }) => {
    const { clock, guarded } = kit();
    const one = attempts(clock, new Trouble(kind));
    await expect(guarded.run(STEADY, one.call)).rejects.toBeInstanceOf(Trouble);
    expect(one.at).toEqual([0]);
  });

  test("wait as long as the dependency asks", async () => {
    const { clock, guarded } = kit();
    const one = attempts(clock, new Trouble("deferred", 250));
    await passing(guarded.run(STEADY, one.call), clock, 1);
    expect(one.at).toEqual([0, 250]);
  });

  test("are given up where the dependency asks for more than the operation waits", async () => {
    const { clock, guarded } = kit();
    const one = attempts(clock, new Trouble("deferred", 301));
    await expect(guarded.run(STEADY, one.call)).rejects.toBeInstanceOf(Trouble);
    expect(clock.pending).toBe(0);
  });

  test("of the matrix have its numbers", () => {
    expect(matrixRow(OPERATIONS.mongoWrite)).toEqual([5, 100, 30_000]);
    expect(matrixRow(OPERATIONS.mongoRead)).toEqual([3, 50, 10_000]);
    expect(matrixRow(OPERATIONS.redisPublish)).toEqual([5, 50, 5_000]);
    expect(matrixRow(OPERATIONS.redisCommand)).toEqual([3, 50, 5_000]);
    expect(matrixRow(OPERATIONS.brokerPublish)).toEqual([5, 100, 30_000]);
    expect(matrixRow(OPERATIONS.http)).toEqual([3, 200, 10_000]);
    expect(OPERATIONS.redisPublish.timeoutMs).toBe(100);
    expect(BREAKERS.mongo).toEqual({ failures: 5, openMs: 30_000 });
    expect(BREAKERS.redis).toEqual({ failures: 5, openMs: 10_000 });
    expect(BREAKERS.broker).toEqual({ failures: 3, openMs: 60_000 });
  });
});

describe("a call that hangs", () => {
  test("is told to stop, and fails although it does not heed it", async () => {
    const { clock, guarded } = kit();
    let told: unknown;
    const hangs = guarded.run(ONCE, (signal) => {
      signal.addEventListener("abort", () => (told = signal.reason));
      return new Promise<never>(() => {});
    });
    hangs.catch(() => {});
    clock.advance(999);
    expect(told).toBeUndefined();
    clock.advance(1);
    await expect(hangs).rejects.toBeInstanceOf(AttemptTimeoutError);
    expect(told).toBeInstanceOf(AttemptTimeoutError);
  });

  test("is repeated, whatever it throws when it is stopped", async () => {
    const { clock, guarded } = kit(() => 0);
    let tries = 0;
    const run = guarded.run(STEADY, async (signal) => {
      if (++tries === 2) return "done";
      return new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted by signal")));
      });
    });
    expect(await passing(run, clock)).toBe("done");
    expect(tries).toBe(2);
  });

  test("leaves no timer and no listener behind when it ends by itself", async () => {
    const { clock, guarded } = kit();
    const caller = new AbortController();
    await guarded.run(ONCE, async () => "done", caller.signal);
    expect(clock.pending).toBe(0);
  });
});

describe("a caller who leaves", () => {
  test("ends the attempt with its own reason, which is held against nobody", async () => {
    const { guarded } = kit();
    const caller = new AbortController();
    const reason = new Error("gone");
    const run = guarded.run(ONCE, () => new Promise<never>(() => {}), caller.signal);
    caller.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect(guarded.report().failures).toBe(0);
  });

  test("ends the wait between two attempts", async () => {
    const { clock, guarded } = kit();
    const caller = new AbortController();
    const one = attempts(clock, new Trouble("transient"));
    const run = guarded.run(STEADY, one.call, caller.signal);
    await settled();
    caller.abort(new Error("gone"));
    await expect(run).rejects.toThrow("gone");
    expect(clock.pending).toBe(0);
  });

  test("before the call keeps it from being made", async () => {
    const { clock, guarded } = kit();
    const none = attempts(clock);
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(guarded.run(STEADY, none.call, gone)).rejects.toThrow("gone");
    expect(none.at).toEqual([]);
  });
});

describe("the breaker", () => {
  test("opens after so many failures in a row, and says when it will try again", async () => {
    const { clock, guarded } = kit();
    for (let i = 0; i < 3; i++) await fail(guarded);
    clock.advance(4_000);
    const none = attempts(clock);
    const refused = await guarded.run(STEADY, none.call).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DependencyOpenError);
    expect(refused).toMatchObject({ dependency: "mongodb", retryInMs: 6_000 });
    expect((refused as Error).message).toBe(
      "mongodb keeps failing and is not called: it is tried again in 6.0 s",
    );
    expect(none.at).toEqual([]);
  });

  test("starts to count anew after a success", async () => {
    const { guarded } = kit();
    for (let round = 0; round < 5; round++) {
      await fail(guarded);
      await fail(guarded);
      await guarded.run(ONCE, async () => "done");
    }
    expect(guarded.report().state).toBe("closed");
  });

  test.each([
    { name: "counts permanent failures", kind: "permanent" as const, state: "open" },
    {
      name: "does not count those who ask to come later",
      kind: "deferred" as const,
      state: "closed",
    },
    { name: "takes a refusal for a sign of life", kind: "not-a-failure" as const, state: "closed" },
  ])("$name", async ({ kind, state }) => {
    const { guarded } = kit();
    for (let i = 0; i < 4; i++) await fail(guarded, kind);
    expect(guarded.report().state).toBe(state);
  });

  test("is half-open for one probe: the others are refused until it is back", async () => {
    const { clock, guarded } = kit();
    for (let i = 0; i < 3; i++) await fail(guarded);
    clock.advance(10_000);
    const probe = Promise.withResolvers<string>();
    const probing = guarded.run(ONCE, () => probe.promise);
    expect(guarded.report().state).toBe("half-open");
    const crowd = attempts(clock);
    const others = await Promise.allSettled(
      Array.from({ length: 10_000 }, () => guarded.run(STEADY, crowd.call)),
    );
    expect(others.every(({ status }) => status === "rejected")).toBe(true);
    expect(crowd.at).toEqual([]);
    probe.resolve("done");
    expect(await probing).toBe("done");
    expect(guarded.report()).toMatchObject({ state: "closed", failures: 0 });
    expect(await guarded.run(ONCE, crowd.call)).toBe("done");
  });

  test("opens again for its whole time when the probe fails", async () => {
    const { clock, guarded } = kit();
    for (let i = 0; i < 3; i++) await fail(guarded);
    clock.advance(10_000);
    const probe = attempts(clock, ...Array.from({ length: 9 }, () => new Trouble("transient")));
    await expect(guarded.run(STEADY, probe.call)).rejects.toBeInstanceOf(Trouble);
    expect(probe.at).toHaveLength(1);
    expect(guarded.report()).toMatchObject({ state: "open", retryInMs: 10_000 });
  });

  test("gives the probe to the next call when the caller of the first one leaves", async () => {
    const { clock, guarded } = kit();
    for (let i = 0; i < 3; i++) await fail(guarded);
    clock.advance(10_000);
    const caller = new AbortController();
    const left = guarded.run(ONCE, () => new Promise<never>(() => {}), caller.signal);
    caller.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(await guarded.run(ONCE, async () => "done")).toBe("done");
    expect(guarded.report().state).toBe("closed");
  });

  test("is not moved by attempts that began before it opened", async () => {
    const { clock, guarded } = kit();
    const early = Promise.withResolvers<string>();
    const late = Promise.withResolvers<string>();
    const longer: Operation = { ...ONCE, timeoutMs: 60_000 };
    const runs = [early, late].map(({ promise }) => guarded.run(longer, () => promise));
    for (let i = 0; i < 3; i++) await fail(guarded);
    clock.advance(5_000);
    early.resolve("done");
    await runs[0];
    expect(guarded.report()).toMatchObject({ state: "open", retryInMs: 5_000 });
    late.reject(new Trouble("transient"));
    await expect(runs[1]).rejects.toBeInstanceOf(Trouble);
    expect(guarded.report().retryInMs).toBe(5_000);
  });

  test("that opened meanwhile ends a call that waits, with the call's own failure", async () => {
    const { clock, guarded } = kit();
    const one = attempts(clock, ...Array.from({ length: 9 }, () => new Trouble("transient")));
    const run = guarded.run(STEADY, one.call);
    run.catch(() => {});
    await settled();
    await fail(guarded);
    await fail(guarded);
    expect(guarded.report().state).toBe("open");
    await expect(passing(run, clock)).rejects.toBeInstanceOf(Trouble);
    expect(one.at).toHaveLength(1);
  });

  test("does not believe in a call's bug: it is neither repeated nor counted", async () => {
    const { guarded } = kit();
    let tries = 0;
    const bug = () => {
      tries += 1;
      throw new TypeError("x is undefined");
    };
    await expect(guarded.run(STEADY, bug)).rejects.toBeInstanceOf(TypeError);
    expect(tries).toBe(1);
    expect(guarded.report().failures).toBe(0);
  });
});

describe("what is told", () => {
  test("the gauge is 0 closed, 1 open, 2 half-open", async () => {
    const { clock, guarded, metrics } = kit();
    const gauge = async () =>
      /^dependency_breaker_state\{dependency="mongodb"\} (\d)$/m.exec(await metrics.text())?.[1];
    expect(await gauge()).toBe("0");
    for (let i = 0; i < 3; i++) await fail(guarded);
    expect(await gauge()).toBe("1");
    clock.advance(10_000);
    const probe = Promise.withResolvers<string>();
    const probing = guarded.run(ONCE, () => probe.promise);
    expect(await gauge()).toBe("2");
    probe.resolve("done");
    await probing;
    expect(await gauge()).toBe("0");
  });

  test("attempts, retries and rejections are counted by operation", async () => {
    const { clock, guarded, metrics } = kit();
    await passing(guarded.run(STEADY, attempts(clock, new Trouble("transient")).call), clock);
    for (let i = 0; i < 4; i++) await fail(guarded);
    const text = await metrics.text();
    const of = 'dependency="mongodb",operation=';
    expect(text).toContain(`dependency_attempts_total{${of}"steady",outcome="ok"} 1`);
    expect(text).toContain(`dependency_attempts_total{${of}"once",outcome="transient"} 3`);
    expect(text).toContain(`dependency_retries_total{${of}"steady"} 1`);
    expect(text).toContain(`dependency_rejected_total{${of}"once"} 1`);
    expect(text).toContain(`dependency_attempt_seconds_count{${of}"steady"} 2`);
    expect(text).toContain(
      'dependency_breaker_transitions_total{dependency="mongodb",state="open"} 1',
    );
  });

  test("opening and closing are logged once each, without the dependency's words", async () => {
    const { clock, guarded, log } = kit();
    for (let i = 0; i < 9; i++) await fail(guarded);
    clock.advance(10_000);
    await guarded.run(ONCE, async () => "done");
    expect(log.lines.filter(({ level }) => level !== "debug")).toMatchObject([
      { level: "warn", fields: { dependency: "mongodb", failures: 3, retry_in_ms: 10_000 } },
      { level: "info", msg: "dependency is back" },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain("secret");
  });
});
