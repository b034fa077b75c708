import { mintToken } from "@warren/chat";
import { ExitError, wallClock, type Secret } from "@warren/host";
import * as v from "valibot";
import { chatSecretIn } from "./chat-secrets.ts";
import type { TokenForm } from "./token-form.ts";

export interface ChatAdminOptions {
  /** Origin and prefix of the chat. */
  url: string;
  /** An admin's token; undefined: one is made with the secret. */
  token: Secret | undefined;
  secret: Secret | undefined;
  /** How a token that is made must be. */
  form: TokenForm;
  data: string;
  signal: AbortSignal;
}

/** How long a token that is made for one command is good. */
const TOKEN_MS = 600_000;
const Failure = v.object({ code: v.string(), message: v.string() });

/** Asks a running chat as an admin. Failures are errors that an operator can read. */
export async function chatAdmin(options: ChatAdminOptions) {
  const { url, signal } = options;
  const token = await tokenOf(options);
  return async (method: "GET" | "POST", path: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}` };
    const asked = { method, headers, signal, redirect: "error" } as const;
    const response = await fetch(`${url}${path}`, asked).catch((cause: unknown) => {
      signal.throwIfAborted();
      const text = `no chat answers at ${url}: start it, or say where it is with --url`;
      throw new ExitError("unavailable", text, { cause });
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok) return body;
    const said = v.safeParse(Failure, body);
    const why = said.success
      ? `${said.output.message} (${said.output.code})`
      : `answered ${response.status}; is that a chat?`;
    const isRefused = response.status === 401 || response.status === 403;
    throw new ExitError(isRefused ? "refused" : "failed", `${url}: ${why}`);
  };
}

async function tokenOf({ token, secret, form, data }: ChatAdminOptions): Promise<string> {
  if (token !== undefined) return token.read();
  const kept = secret === undefined ? await chatSecretIn(data) : await secret.read();
  if (kept === undefined) {
    const text = `${data} has no secret to make a token with: give an admin's token by --token-file`;
    throw new ExitError("usage", text);
  }
  return mintToken({
    secret: kept,
    algorithm: "HS256",
    userId: "warren-command",
    roles: ["admin"],
    name: undefined,
    lifeMs: TOKEN_MS,
    nowMs: wallClock(),
    ...form,
  });
}
