import { systemClock } from "@warren/host";
import { expect } from "vitest";
import type { ChatConfig } from "../src/config.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { UNLIMITED } from "./_talk-kit.ts";
import { PNG, WEBM } from "./_uploads.ts";

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

/** A chat whose wall clock the test moves. */
export async function contentChat(given: Partial<ChatConfig> = {}) {
  const wall = { aheadMs: 0 };
  const wallClock = () => Date.now() + wall.aheadMs;
  const rates = { ...UNLIMITED, upload: MANY, privacy: MANY, public: MANY, admin: MANY };
  const running = await runningChat({ rates, ...given }, systemClock, { wallClock });
  const { port } = running.chat;
  return { ...running, wall, port, ask: asking(port), origin: `http://127.0.0.1:${port}` };
}
const MANY = { points: 1_000_000, perMs: 60_000 };

export type Ask = ReturnType<typeof asking>;

/** Asks over HTTP: `"POST /sessions/x/share"`, by `user` or by nobody. */
function asking(port: number) {
  return async (
    what: string,
    user: string | undefined,
    body?: object | FormData | Uint8Array,
  ): Promise<Answer> => {
    const [method = "", path = ""] = what.split(" ");
    const isPlain = body !== undefined && !(body instanceof FormData || body instanceof Uint8Array);
    const headers = {
      ...(user !== undefined && { authorization: `Bearer ${tokenOf(...rolesOf(user))}` }),
      ...(isPlain && { "content-type": "application/json" }),
    };
    const at = /^\/(api|chat|chatbox)\//.test(path) ? path : `/chat${path}`;
    const response = await fetch(`http://127.0.0.1:${port}${at}`, {
      method,
      headers,
      redirect: "manual",
      ...(body !== undefined && { body: isPlain ? JSON.stringify(body) : (body as FormData) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    const read = (isJson ? JSON.parse(text) : { text }) as Record<string, unknown>;
    return { status: response.status, body: read, headers: response.headers };
  };
}

/** `admin:bob` is bob with the role. */
function rolesOf(user: string): [string, string[]] {
  return user.startsWith("admin:") ? [user.slice("admin:".length), ["admin"]] : [user, []];
}

export function form(bytes: Uint8Array, name: string, kind?: "file" | "voice"): FormData {
  const all = new FormData();
  if (kind !== undefined) all.append("kind", kind);
  all.append("file", new Blob([new Uint8Array(bytes)]), name);
  return all;
}

export interface Stored {
  file_id: string;
  file_url: string;
}

/** Uploads a picture, or a recording. */
export async function uploaded(ask: Ask, user: string, what: "picture" | "voice" = "picture") {
  const body = what === "picture" ? form(PNG, "cat.png") : form(WEBM, "note.webm", "voice");
  const answer = await ask("POST /upload", user, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as unknown as Stored;
}

/** Sends a file in a new session of the user's; resolves with the session's id. */
export async function sent(
  port: number,
  user: string,
  { file_id, file_url }: Stored,
  type: "file_upload" | "voice_message" = "file_upload",
): Promise<string> {
  using client = await Client.open(port, tokenOf(user));
  client.send({ type, file_id, file_url, content: "look", client_message_id: "sent" });
  const { session_id } = await client.next("message_ack");
  return session_id;
}

export interface Message {
  id: string;
  type: string;
  content: string;
  sender: string;
  file_id: string;
  file_url: string;
  content_type: string;
}

export async function messages(ask: Ask, user: string, sessionId: string): Promise<Message[]> {
  const { body } = await ask(`GET /sessions/${sessionId}`, user);
  return body["messages"] as Message[];
}
