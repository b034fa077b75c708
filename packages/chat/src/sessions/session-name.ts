const MOST_CHARS = 50;
const DOTS = "...";
const UNNAMED = "New Chat";
/** A sentence ends where white space or nothing follows: "3.14" is no end of one. */
const SENTENCE_END = /[.?!。？！](?=\s|$)/u;

/** What a session is called after its first message: the first line or sentence, at a word's end. */
export function sessionName(message: string): string {
  const [line = ""] = message.trim().split(/\r?\n/u, 1);
  const end = SENTENCE_END.exec(line);
  const sentence = (end === null ? line : line.slice(0, end.index + end[0].length)).trim();
  return sentence === "" ? UNNAMED : clipped(sentence);
}

/** What a session is called that began by a file: like it, and never by more than fits. */
export function fileTitle(fileName: string): string {
  const name = fileName.replaceAll(/\s+/gu, " ").trim();
  return name === "" ? UNNAMED : clipped(name);
}

/** What a file is called that is elsewhere: the last part of its path; empty where there is none. */
export function nameInUrl(url: string): string {
  const last = URL.parse(url)?.pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

function clipped(sentence: string): string {
  // By what a reader counts as a character: an emoji is never cut in two.
  const chars = [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(sentence)];
  if (chars.length <= MOST_CHARS) return sentence;
  const head = chars.slice(0, MOST_CHARS - DOTS.length).map(({ segment }) => segment);
  const space = head.lastIndexOf(" ");
  return (
    head
      .slice(0, space > 0 ? space : head.length)
      .join("")
      .trimEnd() + DOTS
  );
}
