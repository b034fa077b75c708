import type { Failure, Message } from "../../src/index.ts";
import { filled, type Texts } from "../texts.ts";
import type { Ui } from "./ui.ts";

/** What a model is called; its id where nobody says. */
export function modelName({ conversation, texts }: Ui, id: string | undefined): string {
  if (id === undefined) return texts.assistant;
  return conversation.client.models.find((model) => model.id === id)?.name ?? id;
}

/** Who said it, for who looks. */
export function speakerName(ui: Ui, message: Message): string {
  const { texts } = ui;
  if (message.isMine) return texts.you;
  switch (message.sender) {
    case "ai":
      return modelName(ui, message.answer?.model_id);
    case "admin":
      return message.name ?? texts.person;
    default:
      return message.authorId?.startsWith("guest:") === true ? texts.visitor : texts.user;
  }
}

/** That it was not sent, and why as far as that is known. */
export function failureWords(
  { failure }: { readonly failure: Pick<Failure, "message"> | undefined },
  texts: Texts,
): string {
  return failure?.message ? `${texts.failed}: ${failure.message}` : texts.failed;
}

/** At most two letters. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u);
  const last = words.length > 1 ? words.at(-1) : undefined;
  return [words[0], last]
    .map((word) => /^./u.exec(word ?? "")?.[0] ?? "")
    .join("")
    .toUpperCase();
}

export function timeOf(timestamp: string, locale: string): string {
  return new Date(timestamp).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

/** `2026-11-21`, in the reader's time zone. */
export function dayOf(timestamp: string): string {
  const at = new Date(timestamp);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].join("-");
}

export function dayName(timestamp: string, nowMs: number, { locale, texts }: Ui): string {
  const day = dayOf(timestamp);
  if (day === dayOf(new Date(nowMs).toISOString())) return texts.today;
  if (day === dayOf(new Date(nowMs - 86_400_000).toISOString())) return texts.yesterday;
  const isThisYear = new Date(timestamp).getFullYear() === new Date(nowMs).getFullYear();
  return new Date(timestamp).toLocaleDateString(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(!isThisYear && { year: "numeric" }),
  });
}

/** As people say sizes: `2.4 MB`. */
export function sizeOf(bytes: number, locale: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const at = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** at;
  const digits = value < 10 && at > 0 ? 1 : 0;
  return value.toLocaleString(locale, {
    style: "unit",
    unit: units[at]!,
    unitDisplay: at === 0 ? "long" : "short",
    maximumFractionDigits: digits,
  });
}

export function typingWords({ conversation, texts }: Ui): string {
  const [who] = conversation.session.typing;
  if (who === undefined) return "";
  const role = who.sender === "user" ? texts.user : texts.person;
  return filled(texts.typing, { name: who.name ?? role });
}
