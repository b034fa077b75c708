import { isIP } from "node:net";
import { fromText } from "@warren/host";

/** One of ADMIN_EMAILS. */
export const MailAddress = fromText("a mail address like ada@example.com", readMailAddress);
/** One of ADMIN_PHONES. */
export const PhoneNumber = fromText(
  "a phone number with its country code like +15551234567",
  readPhoneNumber,
);

/** RFC 5321 §4.1.2's dot-string: no quoted local parts, which nobody has and many systems break on. */
const LOCAL_PART = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const DOMAIN =
  /^[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?)*$/u;
const LONGEST_LOCAL = 64;
const LONGEST_ADDRESS = 254;

/** A bare address, `ada@example.com`; a host without dots is one of the operator's own network. */
export function readMailAddress(text: string): string | undefined {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  const isShort = text.length <= LONGEST_ADDRESS && local.length <= LONGEST_LOCAL;
  if (!isShort || isIP(domain) !== 0) return undefined;
  return LOCAL_PART.test(local) && DOMAIN.test(domain) ? text : undefined;
}

/** E.164: at most 15 digits. Spaces, dots, dashes and brackets are how people write them. */
export function readPhoneNumber(text: string): string | undefined {
  const bare = text.replaceAll(/[\s().-]/g, "");
  return /^\+[1-9]\d{6,14}$/.test(bare) ? bare : undefined;
}
