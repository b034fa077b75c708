import { useEffect, useRef, useState } from "preact/hooks";
import { problemOf } from "../parts/hooks.ts";
import type { Summary, SummaryPage } from "../service/summary.ts";

export interface Paged {
  /** Undefined until the first page is there. */
  readonly first: SummaryPage | undefined;
  readonly all: readonly Summary[];
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly problem: string | undefined;
  readonly more: () => void;
  readonly reload: () => void;
  /** Shows what was just changed as the service would say it now; undefined: it is gone. */
  readonly change: (sessionId: string, to: (was: Summary) => Summary | undefined) => void;
}

interface State {
  first: SummaryPage | undefined;
  all: readonly Summary[];
  cursor: string | undefined;
}

const NOTHING: State = { first: undefined, all: [], cursor: undefined };

/** A list that grows by pages. Another key begins another list. */
export function usePaged(
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<SummaryPage>,
  key: string,
): Paged {
  const [state, setState] = useState(NOTHING);
  const [isLoading, setLoading] = useState(true);
  const [problem, setProblem] = useState<string>();
  const ending = useRef(new AbortController());
  const next = (cursor: string | undefined) => {
    ending.current.abort();
    const { signal } = (ending.current = new AbortController());
    setLoading(true);
    setProblem(undefined);
    load(cursor, signal)
      // Of another list it is wanted by nobody any more.
      .then((page) => signal.aborted || setState((was) => withPage(was, cursor, page)))
      .catch((reason: unknown) => {
        if (!signal.aborted) setProblem(problemOf(reason));
      })
      .finally(() => {
        if (!signal.aborted) setLoading(false);
      });
  };
  useEffect(() => {
    setState(NOTHING);
    next(undefined);
    return () => ending.current.abort();
  }, [key]);
  return {
    ...state,
    hasMore: state.cursor !== undefined,
    isLoading,
    problem,
    more: () => next(state.cursor),
    reload: () => next(undefined),
    change: (sessionId, to) =>
      setState((was) => ({
        ...was,
        all: was.all.flatMap((one) => (one.session_id === sessionId ? (to(one) ?? []) : [one])),
      })),
  };
}

function withPage(was: State, cursor: string | undefined, page: SummaryPage): State {
  const { sessions, next_cursor } = page;
  if (cursor === undefined) return { first: page, all: sessions, cursor: next_cursor };
  // What moved up in the order meanwhile comes once.
  const known = new Set(was.all.map(({ session_id }) => session_id));
  const fresh = sessions.filter(({ session_id }) => !known.has(session_id));
  return { first: was.first, all: [...was.all, ...fresh], cursor: next_cursor };
}
