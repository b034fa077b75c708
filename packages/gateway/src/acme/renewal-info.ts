import { X509Certificate } from "node:crypto";
import * as v from "valibot";

/** When a CA would have a certificate renewed (RFC 9773 §4.2), epoch milliseconds. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
}

const time = v.pipe(v.string(), v.transform(Date.parse), v.number());
const RenewalInfo = v.object({ suggestedWindow: v.object({ start: time, end: time }) });

export function readRenewalInfo(document: unknown): RenewalWindow | undefined {
  const read = v.safeParse(RenewalInfo, document);
  if (!read.success) return undefined;
  const { start, end } = read.output.suggestedWindow;
  return end > start ? { start, end } : undefined;
}

/** When to renew: chosen once for each certificate, spread over what is allowed. */
export function planRenewal(
  life: { validFrom: number; expiresAt: number },
  window: RenewalWindow | undefined,
  random: () => number,
): number {
  if (window !== undefined) return window.start + random() * (window.end - window.start);
  const lifeMs = life.expiresAt - life.validFrom;
  // At two thirds, a little earlier or later: certificates that came together go apart.
  return life.validFrom + lifeMs * (0.64 + random() * 0.04);
}

/** How a CA knows a certificate (RFC 9773 §4.1); undefined where it names no authority key. */
export function certificateId(pem: string): string | undefined {
  const outer = elements(new X509Certificate(pem).raw);
  const body = elements(elements(outer[0]!.content)[0]!.content);
  const serial = body.find(({ tag }) => tag === INTEGER);
  const extensions = body.find(({ tag }) => tag === EXTENSIONS);
  if (serial === undefined || extensions === undefined) return undefined;
  for (const extension of elements(elements(extensions.content)[0]!.content)) {
    const [id, ...rest] = elements(extension.content);
    if (id?.content.toString("hex") !== AUTHORITY_KEY) continue;
    const value = elements(rest.at(-1)!.content)[0]!;
    const key = elements(value.content).find(({ tag }) => tag === KEY_IDENTIFIER);
    if (key === undefined) return undefined;
    return `${key.content.toString("base64url")}.${serial.content.toString("base64url")}`;
  }
  return undefined;
}

/** Tags of X.690 §8.1.2, and of RFC 5280 §4.1 and §4.2.1.1. */
const INTEGER = 0x02;
const EXTENSIONS = 0xa3;
const KEY_IDENTIFIER = 0x80;
/** 2.5.29.35 */
const AUTHORITY_KEY = "551d23";

interface Element {
  tag: number;
  content: Buffer;
}

/** The elements that follow one another in DER, definite lengths only; what is cut short is left out. */
function elements(der: Buffer): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at + 2 <= der.length) {
    const tag = der[at]!;
    let length = der[at + 1]!;
    at += 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size === 0 || size > 4 || at + size > der.length) return found;
      length = der.readUIntBE(at, size);
      at += size;
    }
    if (at + length > der.length) return found;
    found.push({ tag, content: der.subarray(at, at + length) });
    at += length;
  }
  return found;
}
