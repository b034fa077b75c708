/** Why bytes from outside were refused; the words are those of the wire's error table. */
export type RefusalCode =
  | "bad_request"
  | "not_implemented"
  | "version_not_supported"
  | "headers_too_large";

/**
 * An expected ending, not an exception: parsers return it in place of a result, and callers tell
 * the two apart with `instanceof`. `message` is safe to show to a peer: it repeats nothing it sent.
 */
export class Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  constructor(code: RefusalCode, message: string) {
    this.code = code;
    this.message = message;
  }
}

/** Made once per reason, when the module loads: a flood of bad requests allocates nothing here. */
export function refused(message: string): Refusal {
  return new Refusal("bad_request", message);
}
