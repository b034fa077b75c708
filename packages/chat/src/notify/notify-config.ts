import type { Letterhead } from "./composed.ts";
import type { SmtpEngine } from "./smtp-mailer.ts";
import type { TwilioOptions } from "./twilio-texter.ts";

/** Who is alerted, and through whom. */
export interface NotifyConfig {
  emails: readonly string[];
  phones: readonly string[];
  /** Without a slash at its end; undefined: mails link to nothing. */
  adminPanelUrl: string | undefined;
  letterhead: Letterhead;
  /** Tried in this order; empty: mails become files. */
  smtp: readonly SmtpEngine[];
  /** Undefined: short messages become files. */
  sms: TwilioOptions | undefined;
  /** Folder of these files. */
  outbox: string;
}
