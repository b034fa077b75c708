import type { Turn } from "./ports.ts";

export interface Line {
  role: "user" | "assistant";
  content: string;
}

/** Before a history whose beginning was cut off, so that it starts with the user. */
const EARLIER = "[Earlier messages are not shown.]";

/**
 * The history for APIs that know two roles. A person stands on the AI's side, under a mark. The two
 * alternate and the user begins, which some APIs and many local models' templates insist on.
 */
export function dialogue(history: readonly Turn[]): Line[] {
  const lines: Line[] = [];
  for (const turn of history) {
    const role = turn.role === "user" ? "user" : "assistant";
    const content =
      turn.role === "person" ? `[${turn.name ?? "A person"}] ${turn.text}` : turn.text;
    const last = lines.at(-1);
    if (last?.role === role) last.content += `\n\n${content}`;
    else lines.push({ role, content });
  }
  if (lines[0]?.role === "assistant") lines.unshift({ role: "user", content: EARLIER });
  return lines;
}
