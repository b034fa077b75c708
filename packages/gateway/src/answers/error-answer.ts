import { CODES, type ErrorCode } from "@warren/wire";
import { BASIC_CHALLENGE } from "../access/basic-auth.ts";
import { prefersHtml } from "./accept.ts";
import { escapeHtml, PAGE_POLICY, pageHalves } from "./page.ts";
import { ownWords, PUBLIC_TEXT, retryAfterSeconds } from "./public-text.ts";

/** What went wrong: a WireError, or the answer of a look-up. */
export interface Refusal {
  code: ErrorCode;
  message: string;
  retryAfterMs?: number | undefined;
}

/** What matters of the request that is refused; parts of one that could not be read are undefined. */
export interface Refused {
  method: string | undefined;
  accept: string | undefined;
  requestId: string;
}

/** A whole answer for either version of HTTP. */
export interface ErrorAnswer {
  status: number;
  /** Name, value, name, value: lower-case names; framing is content-length, which is in it. */
  fields: readonly string[];
  /** Empty for HEAD, although content-length says what GET would get. */
  body: Uint8Array;
}

/** `{"error":{...}}` or a page, cut where the request id goes. */
interface Template {
  fields: readonly string[];
  before: string;
  after: string;
}

const NOTHING = new Uint8Array(0);
const SAFE_ID = /^[\w.:+/=-]{1,200}$/;

// One per code and kind: all but the id, the length and the time to wait is the same each time.
const pages = new Map<ErrorCode, Template>();
const objects = new Map<ErrorCode, Template>();

/**
 * The answer to a request that is not served. Never shows anything from behind the gateway; nobody
 * stores it. A request id with other characters than ids have stays out of the fields and is escaped
 * in the body.
 */
export function errorAnswer(refusal: Refusal, refused: Refused): ErrorAnswer {
  const { code, message, retryAfterMs } = refusal;
  const html = prefersHtml(refused.accept);
  const { fields: common, before, after } = template(code, message, html);
  const body = Buffer.from(before + quoted(refused.requestId, html) + after);
  const fields = [...common, "content-length", String(body.length)];
  if (SAFE_ID.test(refused.requestId)) fields.push("x-request-id", refused.requestId);
  const seconds = retryAfterSeconds(code, retryAfterMs);
  if (seconds !== undefined) fields.push("retry-after", String(seconds));
  return { status: CODES[code].http, fields, body: refused.method === "HEAD" ? NOTHING : body };
}

function template(code: ErrorCode, message: string, html: boolean): Template {
  const make = html ? page : object;
  const own = ownWords(code, message);
  if (own !== undefined) return make(code, own);
  const made = html ? pages : objects;
  let found = made.get(code);
  if (found === undefined) made.set(code, (found = make(code, PUBLIC_TEXT[code].text)));
  return found;
}

function page(code: ErrorCode, text: string): Template {
  const { title } = PUBLIC_TEXT[code];
  const [before, after] = pageHalves(CODES[code].http, code, { title, text });
  const fields = [
    ...commonFields(code, "text/html; charset=utf-8"),
    "content-security-policy",
    PAGE_POLICY,
  ];
  return { fields, before, after };
}

function object(code: ErrorCode, text: string): Template {
  const before = `{"error":{"code":"${code}","message":${JSON.stringify(text)},"request_id":"`;
  return { fields: commonFields(code, "application/json"), before, after: '"}}\n' };
}

function commonFields(code: ErrorCode, type: string): string[] {
  const fields = ["content-type", type, "cache-control", "no-store", "vary", "accept"];
  fields.push("x-content-type-options", "nosniff");
  // A 401 without a challenge is no 401 (RFC 9110 §11.6.1); agents, too, take theirs from here.
  if (code === "unauthorized") fields.push("www-authenticate", BASIC_CHALLENGE);
  else if (CODES[code].http === 401) fields.push("www-authenticate", "Bearer");
  return fields;
}

function quoted(id: string, html: boolean): string {
  if (SAFE_ID.test(id)) return id;
  const short = id.slice(0, 200);
  return html ? escapeHtml(short) : JSON.stringify(short).slice(1, -1);
}
