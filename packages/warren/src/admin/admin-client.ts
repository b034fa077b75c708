import { ExitError, type Secret } from "@warren/host";
import { ADMIN_FIELD } from "@warren/gateway";
import { readFile } from "node:fs/promises";
import * as v from "valibot";

export interface AdminAddress {
  url: URL;
  /** Needed for changes where the listener is reached beyond loopback. */
  token: () => Promise<string | undefined>;
}

/** Speaks to a gateway's admin listener. Failures are errors that an operator can read. */
export interface AdminClient {
  /** What was answered, and the part of it that this version knows. */
  get<T>(path: string, known: v.GenericSchema<unknown, T>): Promise<{ answer: unknown; view: T }>;
  /** Every item of a list that comes in pages. */
  list<T>(path: string, item: v.GenericSchema<unknown, T>): Promise<T[]>;
  change(method: "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>;
}

const Failure = v.object({ error: v.object({ code: v.string(), message: v.string() }) });
const Pages = v.object({ items: v.array(v.unknown()), next: v.nullable(v.string()) });

const PAGE = 1000;

export function adminClient({ url, token }: AdminAddress, signal: AbortSignal): AdminClient {
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(new URL(path, url), { ...init, signal, redirect: "error" }).catch(
      (cause: unknown) => {
        signal.throwIfAborted();
        throw unreachable(url, cause);
      },
    );
    const body = jsonOrText(await response.text());
    // A gateway that drains says 503 at /readyz, which is an answer.
    if (response.ok || path === "/readyz") return body;
    throw refused(url, response.status, body);
  };
  const client: AdminClient = {
    async get(path, known) {
      const answer = await ask(path);
      return { answer, view: expect(known, answer, url) };
    },
    async list(path, item) {
      const items: v.InferOutput<typeof item>[] = [];
      for (let after: string | null = ""; after !== null;) {
        const more: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
        const page = expect(Pages, await ask(`${path}?limit=${PAGE}${more}`), url);
        items.push(...page.items.map((one) => expect(item, one, url)));
        after = page.next;
      }
      return items;
    },
    async change(method, path, body) {
      const credential = await token();
      const headers = {
        [ADMIN_FIELD]: "1",
        ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      };
      return ask(path, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    },
  };
  return client;
}

/** The token that was given, or what a gateway left in the data folder beside us. */
export async function adminToken(
  given: Secret | undefined,
  file: string,
): Promise<string | undefined> {
  if (given !== undefined) return given.read();
  return readFile(file, "utf8").then(
    (text) => text.trim() || undefined,
    () => undefined,
  );
}

function unreachable(url: URL, cause: unknown): ExitError {
  const text = `no gateway answers at ${url.origin}: start one with \`warren up\`, or say where with --admin`;
  return new ExitError("unavailable", text, { cause });
}

function refused(url: URL, status: number, body: unknown): ExitError {
  const said = v.safeParse(Failure, body);
  const reason = said.success
    ? `${said.output.error.message} (${said.output.error.code})`
    : `answered ${status}; is that a gateway's admin listener?`;
  const exit = status === 401 || status === 403 ? "refused" : "failed";
  return new ExitError(exit, `${url.origin}: ${reason}`);
}

function expect<T>(schema: v.GenericSchema<unknown, T>, value: unknown, url: URL): T {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  throw new ExitError(
    "failed",
    `${url.origin} answers in a way that this version does not know: is that a gateway's admin listener?`,
  );
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
