/** The beginning of `text`, at most so many UTF-16 code units, never ending between two halves of a pair. */
export function clip(text: string, mostChars: number): string {
  if (text.length <= mostChars) return text;
  return text.slice(0, Math.max(0, mostChars)).replace(/[\uD800-\uDBFF]$/, "");
}
