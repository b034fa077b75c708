/** What templates hold where a secret belongs (`reference/chatbox.md` §4.1), in lower case. */
const MARKERS = ["replace_with", "placeholder", "change-me", "change_me", "your-"];

/** Whether a value was left as the template had it. */
export function isPlaceholder(text: string): boolean {
  const lower = text.toLowerCase();
  return MARKERS.some((marker) => lower.includes(marker));
}
