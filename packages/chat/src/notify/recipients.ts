import { isIP } from "node:net";
import { fromText } from "@warren/host";
import * as v from "valibot";

/**
 * Who is alerted, as operators write it: a comma list, in the environment, or an array of TOML. (T-36:
 * arrays were unreadable, so nobody was told.) Written twice is alerted once.
 */
function listOf(expected: string, read: (text: string) => string | undefined) {
  const all = (texts: readonly string[]) => {
    const trimmed = texts.map((text) => text.trim()).filter((text) => text !== "");
    const found = trimmed.map(read).filter((one) => one !== undefined);
    return found.length === trimmed.length ? [...new Set(found)] : undefined;
  };
  const one = fromText(expected, (text) => all(text.split(",")));
  const many = v.pipe(
    v.array(v.string()),
    v.rawTransform<string[], string[]>(({ dataset, addIssue, NEVER }) => {
      const value = all(dataset.value);
      if (value !== undefined) return value;
      addIssue({ message: `expected ${expected}` });
      return NEVER;
    }),
  );
  return v.union([one, many], `expected ${expected}`);
}

/** ADMIN_EMAILS. */
export const MailAddresses = listOf("mail addresses, separated by commas", readMailAddress);
/** ADMIN_PHONES. */
export const PhoneNumbers = listOf(
  "phone numbers with their country code like +15551234567, separated by commas",
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
