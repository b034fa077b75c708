/** Ways to reach people who are not in the chat. */

export interface Mail {
  /** One bare address. Recipients get a mail each: one that fails is not the others' trouble. */
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailer {
  /** Resolves when the next server took the mail. Rejects with a DeliveryError, or `signal`'s reason. */
  send(mail: Mail, signal: AbortSignal): Promise<void>;
}

export interface ShortMessage {
  /** E.164, `+15551234567`. */
  to: string;
  text: string;
}

export interface Texter {
  /** Resolves when the carrier took it. Rejects with a DeliveryError, or `signal`'s reason. */
  send(message: ShortMessage, signal: AbortSignal): Promise<void>;
}

/**
 * A message was not taken. Carriers quote addresses and texts in what they answer, and this goes to the
 * log: so it holds their codes alone, and no cause.
 */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  /** The carrier's or the network's: `EAUTH`, `ECONNECTION`, `21211`. */
  readonly code: string;
  /** Of SMTP or HTTP, where there was an answer. */
  readonly status: number | undefined;
  /** The same message may be taken later. */
  readonly retry: boolean;
  constructor(carrier: string, said: { code: string; status: number | undefined; retry: boolean }) {
    const status = said.status === undefined ? "" : `, status ${said.status}`;
    super(`${carrier} did not take the message (${said.code}${status})`);
    this.code = said.code;
    this.status = said.status;
    this.retry = said.retry;
  }
}
