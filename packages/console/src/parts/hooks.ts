import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ServiceError } from "../service/service.ts";

/** The time, epoch milliseconds, moving every so often: for "3 min. ago". */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

export interface Loaded<T> {
  /** What came last: it stays while the next is on its way, and when that fails. */
  readonly value: T | undefined;
  readonly problem: string | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

export interface LoadOptions {
  /** Another key is another thing: what was there before is not shown for it. */
  key: string;
  /** Loads again so often while the page is seen; undefined: when `reload` is called. */
  everyMs?: number | undefined;
}

/** What `load` resolves to, kept fresh. A service that asks to wait is waited for. */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { key, everyMs }: LoadOptions,
): Loaded<T> {
  const [state, setState] = useState<{
    key: string;
    value: T | undefined;
    problem: string | undefined;
    waitMs: number;
  }>();
  const [turn, setTurn] = useState(0);
  const [isLoading, setLoading] = useState(true);
  const current = useRef(load);
  current.current = load;
  const reload = useCallback(() => setTurn((turn) => turn + 1), []);
  useEffect(() => {
    const ending = new AbortController();
    setLoading(true);
    current
      .current(ending.signal)
      .then(
        (value) => setState({ key, value, problem: undefined, waitMs: 0 }),
        (reason: unknown) => {
          if (ending.signal.aborted) return;
          setState((was) => ({
            key,
            value: was?.key === key ? was.value : undefined,
            problem: problemOf(reason),
            waitMs: waitOf(reason),
          }));
        },
      )
      .finally(() => {
        if (!ending.signal.aborted) setLoading(false);
      });
    return () => ending.abort();
  }, [key, turn]);
  useEffect(() => {
    if (everyMs === undefined || isLoading) return;
    return whileSeen(Math.max(everyMs, state?.waitMs ?? 0), reload);
  }, [everyMs, isLoading, state, reload]);
  const isOfKey = state?.key === key;
  return {
    value: isOfKey ? state.value : undefined,
    problem: isOfKey ? state.problem : undefined,
    isLoading,
    reload,
  };
}

/** Calls after so long; a page that nobody sees waits until it is seen again. */
function whileSeen(afterMs: number, task: () => void): () => void {
  const ending = new AbortController();
  const timer = setTimeout(() => {
    if (document.visibilityState === "visible") return task();
    const look = () => {
      if (document.visibilityState === "visible") task();
    };
    document.addEventListener("visibilitychange", look, { signal: ending.signal });
  }, afterMs);
  return () => {
    clearTimeout(timer);
    ending.abort();
  };
}

export function problemOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : "Something went wrong on this page.";
}

function waitOf(reason: unknown): number {
  return (reason instanceof ServiceError && reason.retryAfterMs) || 0;
}

/** Something that somebody asked for: whether it goes on, and what became of it. */
export function useTask(): {
  isBusy: boolean;
  problem: string | undefined;
  run: (task: () => Promise<void>) => void;
} {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const run = useCallback((task: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    void task()
      .catch((reason: unknown) => setProblem(problemOf(reason)))
      .finally(() => setBusy(false));
  }, []);
  return { isBusy, problem, run };
}
