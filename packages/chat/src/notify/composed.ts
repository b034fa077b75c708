import type { SendMailOptions } from "nodemailer";
import type { Mail } from "./ports.ts";

/** How mails of this service introduce themselves: EMAIL_FROM, EMAIL_FROM_NAME, EMAIL_REPLY_TO. */
export interface Letterhead {
  from: string;
  fromName: string | undefined;
  replyTo: string | undefined;
}

export interface ComposeDeps {
  /** Epoch milliseconds. */
  wallNow: () => number;
  /** Text of its own each time, fit for a Message-ID. */
  newId: () => string;
}

/**
 * A mail as nodemailer takes it. Addresses go as objects, so that no text is parsed for further ones;
 * subjects lose line breaks here although nodemailer encodes them; nothing is read from files or URLs.
 */
export function composed(mail: Mail, head: Letterhead, deps: ComposeDeps): SendMailOptions {
  const domain = head.from.slice(head.from.lastIndexOf("@") + 1);
  return {
    from: { name: oneLine(head.fromName ?? ""), address: head.from },
    to: { name: "", address: mail.to },
    ...(head.replyTo !== undefined && { replyTo: { name: "", address: head.replyTo } }),
    subject: oneLine(mail.subject),
    text: mail.text,
    html: mail.html,
    // The same in every attempt: a receiver can tell that a mail came twice.
    messageId: `<${deps.newId()}@${domain}>`,
    date: new Date(deps.wallNow()),
    // RFC 3834 §5: no holiday notices in answer, please.
    headers: { "Auto-Submitted": "auto-generated" },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

const LONGEST_SUBJECT = 200;

/** A header's text: control characters and line separators become spaces. */
export function oneLine(text: string): string {
  const flat = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return flat.length <= LONGEST_SUBJECT ? flat : `${flat.slice(0, LONGEST_SUBJECT - 1)}…`;
}
