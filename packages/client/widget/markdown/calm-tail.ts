/**
 * The text of an answer that is still being written, so that its end does not flicker: what is begun and will be
 * ended (emphasis, code, a link) shows as what it will be. Only the last paragraph is looked at; within a fence
 * everything is as it will be already.
 */
export function calmTail(text: string): string {
  if (isInFence(text)) return text.replace(/\n`{1,2}$/, "\n");
  const from = Math.max(text.lastIndexOf("\n") + 1, 0);
  const line = text.slice(from);
  return text.slice(0, from) + calmLine(line);
}

function isInFence(text: string): boolean {
  return (text.match(/^ {0,3}(?:```|~~~)/gm) ?? []).length % 2 === 1;
}

function calmLine(line: string): string {
  // A fence, a list, a heading or a rule that begins: nothing of it is to be read yet.
  if (/^ {0,3}(?:`{1,3}|~{1,3}|[-*+#=]{1,6}|\d{1,9}[.)]?)$/.test(line)) return "";
  const whole = line.replace(/!?\[([^\][]*)(?:\]\([^()\s]*|\]?)$/, "$1");
  const bare = whole.replace(/(?:\*{1,3}|_{1,3}|~{1,2}|`)$/, (mark) =>
    isOpening(whole, mark) ? "" : mark,
  );
  return bare + endings(bare);
}

/** What closes what was opened, the last first. Marks within code mean nothing. */
function endings(line: string): string {
  const open: string[] = [];
  for (const [mark] of line.matchAll(/\*\*|__|~~|`|\*(?=\S)|(?<=\S)\*/g)) {
    if (open.at(-1) === mark) open.pop();
    else if (open.at(-1) !== "`" && !open.includes(mark)) open.push(mark);
  }
  return open.reverse().join("");
}

/** True for a mark at the end that opens something: nothing stands behind it yet. */
function isOpening(line: string, mark: string): boolean {
  const before = line.slice(0, -mark.length);
  return before.split(mark).length % 2 === 1;
}
