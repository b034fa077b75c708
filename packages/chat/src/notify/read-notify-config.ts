import type { ConfigOf, Secret } from "@warren/host";
import type { NotifyConfig } from "./notify-config.ts";
import type { NotifyOptions } from "./options.ts";
import { securityOfPort, type SmtpEngine } from "./smtp-mailer.ts";
import { TWILIO_URL, type TwilioOptions } from "./twilio-texter.ts";

/** What shows carriers who we are, read whenever it is shown; undefined where nothing was said. */
export interface CarrierSecrets {
  smtpPass: Secret | undefined;
  smsAuthToken: Secret | undefined;
}

export interface GivenNotify {
  secrets: CarrierSecrets;
  /** Folder of the files that stand in for carriers. */
  outbox: string;
}

type Config = ConfigOf<NotifyOptions>;

/** A silence of a mail server is over after this. */
const SILENCE_MS = 20_000;
const CONNECTIONS = 2;
/** Who the files are addressed to while nobody is named, so that there is something to see. */
const NOBODY = { email: "admin@localhost", phone: "+15550100", from: "chat@localhost" };

/** What the options say of alerts, or everything that is wrong with it, under the names that were typed. */
export function readNotifyConfig(
  config: Config,
  { secrets, outbox }: GivenNotify,
): { notify: NotifyConfig } | { problems: readonly string[] } {
  const problems = [...mailProblems(config, secrets), ...smsProblems(config, secrets)];
  if (problems.length > 0) return { problems };
  const smtp = enginesOf(config, secrets);
  const sms = twilioOf(config, secrets);
  const isTrial = smtp.length === 0 && sms === undefined;
  const someone = (said: readonly string[], nobody: string) =>
    said.length === 0 && isTrial ? [nobody] : [...new Set(said)];
  const notify = {
    emails: someone(config.adminEmail, NOBODY.email),
    phones: someone(config.adminPhone, NOBODY.phone),
    adminPanelUrl: config.adminPanelUrl?.href.replace(/\/+$/, ""),
    letterhead: {
      from: config.emailFrom ?? NOBODY.from,
      fromName: config.emailFromName,
      replyTo: config.emailReplyTo,
    },
    smtp,
    sms,
    outbox,
  };
  return { notify };
}

/** What an operator may have forgotten, for the log. */
export function notifyWarnings({ emails, phones, smtp, sms }: NotifyConfig): string[] {
  return [
    smtp.length > 0 && emails.length === 0 ? "SMTP_HOST is set, but no ADMIN_EMAILS" : "",
    sms !== undefined && phones.length === 0 ? "SMS_ACCOUNT_SID is set, but no ADMIN_PHONES" : "",
  ]
    .filter((warning) => warning !== "")
    .map((warning) => `${warning}: calls for help reach nobody that way`);
}

function mailProblems(config: Config, { smtpPass }: CarrierSecrets): string[] {
  const { smtpHost, smtpUser, emailFrom } = config;
  const isOn = smtpHost.length > 0;
  return [
    isOn && emailFrom === undefined ? "EMAIL_FROM: needed with SMTP_HOST" : "",
    isOn && (smtpUser !== undefined) !== (smtpPass !== undefined)
      ? "SMTP_USER, SMTP_PASS: both or neither are needed"
      : "",
    !isOn && (smtpUser !== undefined || smtpPass !== undefined)
      ? "SMTP_HOST: needed with SMTP_USER and SMTP_PASS"
      : "",
  ].filter((problem) => problem !== "");
}

function smsProblems(config: Config, { smsAuthToken }: CarrierSecrets): string[] {
  const said = {
    SMS_ACCOUNT_SID: config.smsAccountSid !== undefined,
    SMS_AUTH_TOKEN: smsAuthToken !== undefined,
    SMS_FROM_NUMBER: config.smsFromNumber !== undefined,
  };
  const missing = Object.entries(said).filter(([, isSaid]) => !isSaid);
  if (missing.length === 0 || missing.length === 3) return [];
  return missing.map(([name]) => `${name}: needed to send short messages`);
}

function enginesOf(config: Config, { smtpPass: password }: CarrierSecrets): SmtpEngine[] {
  const { smtpHost, smtpPort, smtpSecurity, smtpUser: user } = config;
  return smtpHost.map(({ host, port = smtpPort }) => ({
    host,
    port,
    security: smtpSecurity ?? securityOfPort(port),
    credentials: user === undefined || password === undefined ? undefined : { user, password },
    ca: undefined,
    silenceMs: SILENCE_MS,
    maxConnections: CONNECTIONS,
  }));
}

function twilioOf(
  { smsAccountSid: accountSid, smsFromNumber: from }: Config,
  { smsAuthToken: authToken }: CarrierSecrets,
): TwilioOptions | undefined {
  if (accountSid === undefined || from === undefined || authToken === undefined) return undefined;
  return { accountSid, authToken, from, baseUrl: TWILIO_URL };
}
