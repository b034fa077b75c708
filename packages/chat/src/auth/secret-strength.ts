import { isPlaceholder } from "../keys/placeholder.ts";
import type { SharedAlgorithm } from "./jws.ts";

/** `reference/chatbox.md` §13.1. */
const FEWEST_CHARACTERS = 32;
/** Of 200,000 secrets of 32 random hexadecimal digits the least had 85 here, in base64 116. */
const FEWEST_BITS = 80;
/** RFC 7518 §3.2: a key of the hash's size or larger. */
const FEWEST_BYTES: Record<SharedAlgorithm, number> = { HS256: 32, HS384: 48, HS512: 64 };

/** What people write where a secret belongs; longer ones first, for they hold the others. */
const WEAK_WORDS = (
  "secret password passwort passwd administrator admin changeme change default example sample demo " +
  "test123 testing test placeholder production development staging local super secure security private " +
  "signing token jwt json key chatbox chat warren service server please replace this that with your own " +
  "must be at least characters chars long minimum value string random here qwertyuiop qwerty asdfghjkl " +
  "letmein welcome dragon monkey iloveyou master root user login not use for in my the a is and or only"
)
  .split(" ")
  .toSorted((a, b) => b.length - a.length);
/** Shorter ones come up in random text. */
const SHORTEST_FOUND = 4;

/**
 * What is wrong with a shared secret, all of it, for who set it under `name`. Nothing is echoed. A weak
 * word in it is no fault, as long as enough is left that nobody guesses: random secrets hold words.
 */
export function secretProblems(
  name: string,
  secret: string,
  algorithms: readonly SharedAlgorithm[] = ["HS256"],
): string[] {
  const HOW = "make one with: openssl rand -base64 48";
  if (secret === "") return [`${name}: not set; ${HOW}`];
  const problems: string[] = [];
  if (isPlaceholder(secret)) problems.push(`${name}: still the template's placeholder; ${HOW}`);
  if (secret.length < FEWEST_CHARACTERS)
    problems.push(`${name}: shorter than ${FEWEST_CHARACTERS} characters; ${HOW}`);
  for (const algorithm of algorithms)
    if (Buffer.byteLength(secret) < FEWEST_BYTES[algorithm] && algorithm !== "HS256")
      problems.push(
        `${name}: ${algorithm} needs ${FEWEST_BYTES[algorithm]} bytes at least; ${HOW}`,
      );
  if (guessableBits(secret) < FEWEST_BITS)
    problems.push(`${name}: easily guessed (words, repetitions or sequences); ${HOW}`);
  return problems;
}

/**
 * Bits that a guesser has to find at most: what is left without weak words, without what was there
 * before and without sequences, at the number of different characters in it.
 */
function guessableBits(secret: string): number {
  const lower = secret.toLowerCase();
  const weak = new Uint8Array(secret.length);
  for (const word of weakWords(lower)) markAll(lower, word, weak);
  markRepeated(secret, weak);
  markSequences(lower, weak);
  const left = secret.split("").filter((_, at) => weak[at] === 0);
  return left.length * Math.log2(Math.max(1, new Set(left).size));
}

/** Short words only count among others: `my-secret-key-for-the-chat`. */
function weakWords(lower: string): string[] {
  const written = new Set(lower.split(/[^a-z0-9]+/));
  return WEAK_WORDS.filter((word) => word.length >= SHORTEST_FOUND || written.has(word));
}

function markAll(text: string, word: string, weak: Uint8Array): void {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1))
    weak.fill(1, at, at + word.length);
}

const REPEATED = 4;
function markRepeated(text: string, weak: Uint8Array): void {
  for (let at = 1; at + REPEATED <= text.length; at++) {
    const earlier = text.indexOf(text.slice(at, at + REPEATED));
    if (earlier < at) weak.fill(1, at, at + REPEATED);
  }
}

/** `aaa`, `abc`, `987`: every third of a row that goes on in the same step. */
function markSequences(text: string, weak: Uint8Array): void {
  for (let at = 2; at < text.length; at++) {
    const step = text.charCodeAt(at) - text.charCodeAt(at - 1);
    const before = text.charCodeAt(at - 1) - text.charCodeAt(at - 2);
    if (step === before && Math.abs(step) <= 1) weak[at] = 1;
  }
}
