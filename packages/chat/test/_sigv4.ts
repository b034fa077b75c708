import { createHash, createHmac } from "node:crypto";

const escape = (part: string) =>
  encodeURIComponent(part).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const hmac = (key: string | Buffer, said: string) =>
  createHmac("sha256", key).update(said).digest();

/**
 * The signature that S3 computes for a presigned request (AWS Signature Version 4, "Authenticating
 * Requests: Using Query Parameters"): s3rver takes any.
 */
export function expectedSignature(
  text: string,
  { method, headers, secret }: { method: string; headers: Record<string, string>; secret: string },
): string {
  const url = new URL(text);
  const query = [...url.searchParams]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${escape(name)}=${escape(value)}`)
    .sort()
    .join("&");
  const signed = url.searchParams.get("X-Amz-SignedHeaders") ?? "";
  const all: Record<string, string> = { host: url.host, ...headers };
  const lines = signed.split(";").map((name) => `${name}:${all[name] ?? ""}\n`);
  const request = [method, url.pathname, query, lines.join(""), signed, "UNSIGNED-PAYLOAD"].join(
    "\n",
  );
  const scope = (url.searchParams.get("X-Amz-Credential") ?? "").split("/").slice(1);
  const date = url.searchParams.get("X-Amz-Date") ?? "";
  const hash = createHash("sha256").update(request).digest("hex");
  const toSign = ["AWS4-HMAC-SHA256", date, scope.join("/"), hash].join("\n");
  const key = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secret}`);
  return hmac(key, toSign).toString("hex");
}
