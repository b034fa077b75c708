import { isPlaceholder } from "./placeholder.ts";

/** AES-256. */
export const KEY_BYTES = 32;

/** How master keys are said: ENCRYPTION_KEY and ENCRYPTION_KEY_PREVIOUS, "" where not said. */
export interface KeyTexts {
  current: string;
  /** Comma list, newest first. A key with a comma in it is written in base64 here. */
  former: string;
}

const HOW =
  "expected 32 bytes in base64 (make one with: openssl rand -base64 32) or exactly 32 characters";
/** 32 random bytes have fewer different values about once in 10^44 keys; hexadecimal text has more. */
const FEWEST_DIFFERENT = 6;

/**
 * The 32 bytes that a key's text stands for: base64 of them, or the characters themselves as the
 * seed reads them (D-4). Undefined when it is neither. Text of 32 characters beyond ASCII is taken as
 * UTF-8 when that gives 32 bytes, else as Latin-1.
 */
export function readKey(text: string): Buffer | undefined {
  const decoded = Buffer.from(text, "base64");
  if (decoded.length === KEY_BYTES && decoded.toString("base64") === text) return decoded;
  const utf8 = Buffer.from(text, "utf8");
  if (utf8.length === KEY_BYTES && !text.includes("\uFFFD")) return utf8;
  const isLatin1 = text.length === KEY_BYTES && /^[\0-\xff]*$/.test(text);
  return isLatin1 ? Buffer.from(text, "latin1") : undefined;
}

/** The former keys' texts, one by one. */
export function formerTexts({ former }: KeyTexts): string[] {
  return former
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

/**
 * What is wrong with the texts, for who wrote them; none of it is echoed. Only the current key must
 * be a good one: whoever once started with a bad one still has to read what it sealed.
 */
export function keyProblems(texts: KeyTexts): string[] {
  const current = currentProblem(texts.current.trim());
  const former = formerTexts(texts).flatMap((text, at) =>
    readKey(text) === undefined ? [`ENCRYPTION_KEY_PREVIOUS: key ${at + 1}: ${HOW}`] : [],
  );
  return current === undefined ? former : [`ENCRYPTION_KEY: ${current}`, ...former];
}

function currentProblem(text: string): string | undefined {
  if (text === "") return `not set; ${HOW}`;
  if (isPlaceholder(text)) return `still the template's placeholder; ${HOW}`;
  const key = readKey(text);
  if (key === undefined) return HOW;
  const random = new Set(key).size >= FEWEST_DIFFERENT;
  return random ? undefined : "hardly random; make one with: openssl rand -base64 32";
}
