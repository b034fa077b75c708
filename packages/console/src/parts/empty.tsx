import type { ComponentChildren } from "preact";
import "./empty.css";

export interface EmptyProps {
  title: string;
  text: string;
  children?: ComponentChildren;
}

/** What stands where there is nothing to show, and what to do about it. */
export function Empty({ title, text, children }: EmptyProps) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p class="muted">{text}</p>
      {children}
    </div>
  );
}

/** Something that could not be had, beside what is shown. */
export function Problem({ text, onRetry }: { text: string; onRetry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <span>{text}</span>
      {onRetry && (
        <button type="button" class="problem-retry" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
