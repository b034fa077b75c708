/**
 * A head as bytes and as text. Every byte is looked at, and a byte of an array is several times
 * cheaper to look at than a char of a string; what is kept are slices of the text.
 */
export interface HeadSource {
  readonly bytes: Uint8Array;
  /** Where the head begins in `bytes`. It ends with an empty line there, or where `bytes` ends. */
  readonly from: number;
  /** The head, and nothing else, as latin-1: one char per byte. */
  readonly text: string;
}

/** For text whose bytes are not at hand. */
export function sourceOf(text: string): HeadSource {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return { bytes, from: 0, text };
}
