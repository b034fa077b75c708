import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** One `user:scrypt$N$r$p$salt$hash` line; salt and hash in base64url. A user's first line counts. */
export interface PasswordLine {
  user: string;
  cost: { N: number; r: number; p: number };
  salt: Buffer;
  hash: Buffer;
}

/** OWASP's scrypt setting for 16 MiB (Password Storage Cheat Sheet): about 0.2 s of one core. */
const COST = { N: 16_384, r: 8, p: 5 };
/** Lines come from tenants: what one check may cost the gateway, as N*r (memory) and N*r*p (time). */
const MOST = { memory: 2 ** 19, time: 2 ** 20 };
const HASH_BYTES = 32;

/** The line for a route's `basic_auth`. A user name holds no colon (RFC 7617 §2). */
export async function hashBasicAuth(user: string, password: string): Promise<string> {
  if (user === "" || /[:\p{Cc}]/u.test(user))
    throw new Error("a user name is not empty and holds no colon nor control character");
  const salt = randomBytes(16);
  const hash = await derive(password, { salt, cost: COST, bytes: HASH_BYTES });
  const { N, r, p } = COST;
  return `${user}:scrypt$${N}$${r}$${p}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

/** Undefined when the line is malformed, or asks for more work than a check may cost. */
export function readPasswordLine(line: string): PasswordLine | undefined {
  const parts =
    /^([^:\p{Cc}]+):scrypt\$(\d{1,7})\$(\d{1,3})\$(\d{1,3})\$([\w-]{8,128})\$([\w-]{22,128})$/u.exec(
      line,
    );
  if (parts === null) return undefined;
  const [, user = "", n, r, p, salt = "", hash = ""] = parts;
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const powerOfTwo = cost.N > 1 && (cost.N & (cost.N - 1)) === 0;
  const memory = cost.N * cost.r;
  if (!powerOfTwo || memory === 0 || cost.p === 0) return undefined;
  if (memory > MOST.memory || memory * cost.p > MOST.time) return undefined;
  return { user, cost, salt: Buffer.from(salt, "base64url"), hash: Buffer.from(hash, "base64url") };
}

/** Runs scrypt in the thread pool. */
export async function checkPassword(line: PasswordLine, password: string): Promise<boolean> {
  const { salt, cost, hash } = line;
  return timingSafeEqual(await derive(password, { salt, cost, bytes: hash.length }), hash);
}

function derive(
  password: string,
  { salt, cost, bytes }: { salt: Buffer; cost: PasswordLine["cost"]; bytes: number },
): Promise<Buffer> {
  const maxmem = 128 * cost.r * (cost.N + cost.p + 2) + 1024;
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, bytes, { ...cost, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
