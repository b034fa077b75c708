import { Button } from "../parts/button.tsx";
import { totalOf, type SummaryPage } from "../service/summary.ts";
import "./pager.css";

export interface PagerProps {
  /** Pages before this one. */
  at: number;
  size: number;
  page: SummaryPage;
  onBack: () => void;
  onNext: () => void;
}

export function Pager({ at, size, page, onBack, onNext }: PagerProps) {
  const { count, next_cursor: next } = page;
  if (at === 0 && next === undefined) return null;
  const first = at * size + 1;
  return (
    <nav class="pager" aria-label="Pages">
      <span class="muted figures">
        {count === 0
          ? "No more"
          : `${first.toLocaleString()}–${(first + count - 1).toLocaleString()}`}{" "}
        of {totalOf(page)}
      </span>
      <Button isSmall disabled={at === 0} onClick={onBack}>
        Previous
      </Button>
      <Button isSmall disabled={next === undefined} onClick={onNext}>
        Next
      </Button>
    </nav>
  );
}
