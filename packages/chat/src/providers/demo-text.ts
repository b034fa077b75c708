import { clip } from "./clip.ts";
import type { ProviderRequest, Turn } from "./ports.ts";

/** Longest quotation of what somebody wrote. */
const MOST_QUOTED_CHARS = 200;
/** Earlier messages that are recalled. */
const MOST_RECALLED = 5;

/** A question that the demo model knows, and its answer. The first that matches is taken. */
interface Topic {
  asks: RegExp;
  answer: (request: ProviderRequest) => string;
}

const TOPICS: readonly Topic[] = [
  { asks: /what (did|have) i (say|said|write|written|ask|asked)|remember/i, answer: recalled },
  { asks: /system prompt|your instructions|who are you|what are you/i, answer: whoIAm },
  { asks: /\b(human|person|agent|someone|support)\b/i, answer: aboutPeople },
  { asks: /\b(expose|tunnel|cluster|gateway|reach|service)s?\b/i, answer: aboutReach },
  { asks: /\b(provider|openai|anthropic|claude|gpt|dify|model|ai|key)s?\b/i, answer: aboutModels },
  { asks: /\b(code|example|function|typescript|javascript|markdown|table)s?\b/i, answer: someCode },
  { asks: /^\W*(hi|hello|hey|good (morning|evening|day)|hallo|ola|olá)\b/i, answer: greeting },
];

/** The demo model's whole answer: of the request alone, in markdown. */
export function demoAnswer(request: ProviderRequest): string {
  const question = asked(request);
  const topic = TOPICS.find(({ asks }) => asks.test(question));
  const told = lastPerson(request.history);
  const noted =
    told === undefined ? "" : `_(${told.name ?? "A person"} told you: ${quoted(told.text)})_\n\n`;
  return noted + (topic?.answer ?? anything)(request);
}

function asked({ history }: ProviderRequest): string {
  return history.findLast(({ role }) => role === "user")?.text ?? "";
}

/** A person whose words came after the last answer of an AI: they belong to what is asked now. */
function lastPerson(history: readonly Turn[]): Turn | undefined {
  const last = history.findLast(({ role }) => role !== "user");
  return last?.role === "person" ? last : undefined;
}

function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  const cut = clip(line, MOST_QUOTED_CHARS);
  return `“${cut}${cut === line ? "" : "…"}”`;
}

function greeting(): string {
  return [
    "Hello! I am Warren's **built-in demo model**: no key, no network, and I stream like the real ones.",
    "",
    "Ask me",
    "- how to *reach a service* in a private cluster,",
    "- how to connect a *real AI* (OpenAI, Anthropic, Dify, or a function),",
    "- how a *person* takes over, or",
    "- `what did I say?`",
  ].join("\n");
}

function recalled({ history }: ProviderRequest): string {
  const earlier = history.slice(0, -1).filter(({ role }) => role === "user");
  if (earlier.length === 0) return "This is the **first** thing that you wrote to me here.";
  const last = earlier.slice(-MOST_RECALLED).map(({ text }, i) => `${i + 1}. ${quoted(text)}`);
  return [
    `So far you wrote:`,
    "",
    ...last,
    "",
    "The whole history goes along with each question.",
  ].join("\n");
}

function whoIAm({ system }: ProviderRequest): string {
  const told =
    system === "" ? "I was given **no** system prompt." : `I was told: ${quoted(system)}`;
  return `I am the demo model of Warren's chat. ${told}`;
}

function aboutPeople(): string {
  return [
    "A person can answer here too. Press **Talk to a human**: the admins are told by mail and SMS, " +
      "one of them takes the session over, and until it is handed back I stay silent.",
    "",
    "> What was said meanwhile is part of my next prompt.",
  ].join("\n");
}

function aboutReach(): string {
  return [
    "Warren gives a service in a private cluster a public address, without an open port there:",
    "",
    "```sh",
    "npx warren expose 3000 --name shop",
    "curl http://shop.localhost:8080/",
    "```",
    "",
    "The agent dials out, and a connection through it **survives** a flapping uplink.",
  ].join("\n");
}

function aboutModels(): string {
  return [
    "I am only a demo. To connect a real one, set these and start again:",
    "",
    "```sh",
    "LLM_PROVIDER_1_ID=main",
    "LLM_PROVIDER_1_NAME='Our assistant'",
    "LLM_PROVIDER_1_TYPE=openai          # or anthropic, dify, function",
    "LLM_PROVIDER_1_ENDPOINT=https://api.openai.com/v1",
    "LLM_PROVIDER_1_API_KEY_FILE=/run/secrets/llm",
    "LLM_PROVIDER_1_MODEL=gpt-4o",
    "```",
    "",
    "With a second provider, answers **fail over** to it, visibly.",
  ].join("\n");
}

function someCode(request: ProviderRequest): string {
  return [
    `You asked: ${quoted(asked(request))}. Here is some code, and a table to go with it:`,
    "",
    "```ts",
    "/** Waits a random while, up to a bound that doubles. */",
    "export function fullJitter(attempt: number, random: () => number): number {",
    "  return random() * Math.min(30_000, 1_000 * 2 ** attempt);",
    "}",
    "```",
    "",
    "| attempt | at most |",
    "| ------: | ------: |",
    "|       1 |     1 s |",
    "|       2 |     2 s |",
  ].join("\n");
}

function anything(request: ProviderRequest): string {
  const words = asked(request).split(/\s+/u).filter(Boolean).length;
  return [
    `You wrote ${quoted(asked(request))} (${words} ${words === 1 ? "word" : "words"}).`,
    "",
    // One line: where text is shown with its line breaks, these would be some.
    "I am Warren's **demo model**, so I only know a few things by heart. " +
      "Every message of yours is stored before it is acknowledged, and this answer goes on if you close the tab: " +
      "come back and it is here. Try `hello`, `show me code`, or `what did I say?`",
  ].join("\n");
}
