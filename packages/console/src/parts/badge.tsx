import type { ComponentChildren } from "preact";
import "./badge.css";

export type Tone = "calm" | "good" | "warn" | "bad" | "accent";

/** A word about something. The dot is beside it for the eye; the word says it. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge badge-${tone}`}>
      <span class="badge-dot" aria-hidden="true" />
      {children}
    </span>
  );
}
