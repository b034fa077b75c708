import { clip } from "./clip.ts";
import type { Turn } from "./ports.ts";

/** A message of the conversation as its people see it now: edits applied, oldest first. */
export interface ConversationMessage {
  sender: "user" | "ai" | "admin" | "system";
  /** Shown name; empty where there is none. */
  name: string;
  text: string;
  /**
   * `interrupted`: what there is of an answer, kept. Left out of prompts: `private` (admins' notes),
   * `deleted`, `running` (the answer that is being produced) and `superseded`.
   */
  status: "complete" | "interrupted" | "superseded" | "running" | "deleted" | "private";
}

/** Lengths in UTF-16 code units: a bound on size, about four to a token in English. */
export interface PromptLimits {
  messages: number;
  chars: number;
  /** Of one message. */
  messageChars: number;
}

export const PROMPT_LIMITS: PromptLimits = { messages: 40, chars: 24_000, messageChars: 8000 };

export interface Prompt {
  system: string;
  history: Turn[];
}

const CUT = " [… cut]";
const BROKEN_OFF = " [… broken off]";
const MOST_NAME_CHARS = 64;
const ROLES = { user: "user", ai: "assistant", admin: "person" } as const;

/**
 * What an AI is told: the newest messages that fit, and the system prompt. A message that is too long
 * is cut with a mark. Where a person answered for the AI, the system prompt says how their words are
 * marked and that the AI has the conversation back: without that, models stay silent or go on as the
 * person (fazer-ai/agents#457).
 */
export function buildPrompt(
  system: string,
  conversation: readonly ConversationMessage[],
  limits: PromptLimits,
): Prompt {
  const history = newest(conversation, limits);
  const note = takeoverNote(history);
  return { system: [system, note].filter((part) => part !== "").join("\n\n"), history };
}

function newest(conversation: readonly ConversationMessage[], limits: PromptLimits): Turn[] {
  const turns: Turn[] = [];
  let left = limits.chars;
  for (const message of conversation.toReversed()) {
    if (turns.length >= limits.messages) break;
    const turn = turnOf(message, Math.min(limits.messageChars, limits.chars));
    if (turn === undefined) continue;
    if (turn.text.length > left) break;
    left -= turn.text.length;
    turns.push(turn);
  }
  return turns.toReversed();
}

/** `system` messages tell people what happened; what of it matters to the AI is in the note. */
function turnOf(message: ConversationMessage, mostChars: number): Turn | undefined {
  const { sender, status } = message;
  if (sender === "system" || (status !== "complete" && status !== "interrupted")) return undefined;
  const text = message.text.trim();
  if (text === "") return undefined;
  const whole = status === "interrupted" ? text + BROKEN_OFF : text;
  return {
    role: ROLES[sender],
    text: whole.length <= mostChars ? whole : clip(text, mostChars - CUT.length) + CUT,
    name: sender === "admin" ? shownName(message.name) : undefined,
  };
}

/** One line without brackets, so that a name cannot end its own mark and speak as the system. */
function shownName(name: string): string {
  const line = name.replaceAll(/[\p{C}\p{Z}[\]]+/gu, " ").trim();
  return clip(line, MOST_NAME_CHARS) || "A person";
}

function takeoverNote(history: readonly Turn[]): string {
  const people = new Set(history.flatMap(({ role, name }) => (role === "person" ? [name] : [])));
  if (people.size === 0) return "";
  const last = history.findLast(({ role }) => role !== "user");
  const back =
    last?.role === "person"
      ? `${last.name} has just handed the conversation back to you.`
      : "They handed the conversation back to you.";
  return (
    `People of the team answered in this conversation too (${[...people].join(", ")}). Their messages begin with ` +
    `their name in brackets or say their role; stand by what they said, and never write as one of them. ${back} You answer now.`
  );
}
