import { fromText, listOption, oneOf, option, Port, secretOption, Text, urlOf } from "@warren/host";
import { MailAddress, PhoneNumber } from "./recipients.ts";

const SmtpHost = fromText("a host, or host:port", (text) => {
  const [, host, port] = /^([\w.-]{1,253}|\[[\da-fA-F:]+\])(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined || Number(port ?? 25) > 65_535 || Number(port ?? 25) === 0)
    return undefined;
  return {
    host: host.replace(/^\[|\]$/g, ""),
    port: port === undefined ? undefined : Number(port),
  };
});

/** Who is told that a person is needed, and through whom (`reference/chatbox.md` §4, §5). */
export const notifyOptions = {
  adminEmail: listOption({
    value: "<address>",
    schema: MailAddress,
    help: "Who gets a mail when somebody asks for a person.",
    names: { env: "ADMIN_EMAILS", toml: "notification.adminEmails" },
  }),
  adminPhone: listOption({
    value: "<number>",
    schema: PhoneNumber,
    help: "Who gets an SMS then, with the country's code, like +15551234567.",
    names: { env: "ADMIN_PHONES", toml: "notification.adminPhones" },
  }),
  adminPanelUrl: option({
    value: "<url>",
    schema: urlOf("https", "http"),
    help: "Where admins answer: mails link to it, with the session's id behind it.",
    names: { env: "ADMIN_PANEL_URL", toml: "notification.adminPanelURL" },
  }),
  smtpHost: listOption({
    value: "<host>",
    schema: SmtpHost,
    help: "Mail servers, the next where one fails, each with a port of its own if need be; without one mails become files.",
    names: { env: "SMTP_HOST", toml: "mail.smtp_host" },
  }),
  smtpPort: option({
    value: "<port>",
    schema: Port,
    default: "587",
    help: "Port of those that have none of their own.",
    names: { env: "SMTP_PORT", toml: "mail.smtp_port" },
  }),
  smtpSecurity: option({
    value: "<way>",
    schema: oneOf("tls", "starttls", "opportunistic", "plain"),
    help: "tls, starttls, opportunistic or plain; by the port unless set.",
    names: { env: "SMTP_SECURITY", toml: "mail.smtp_security" },
  }),
  smtpUser: option({
    value: "<name>",
    schema: Text,
    help: "Who we are to the mail servers.",
    names: { env: "SMTP_USER", toml: "mail.smtp_user" },
  }),
  smtpPass: secretOption({
    help: "Password for --smtp-user.",
    names: { env: "SMTP_PASS", toml: "mail.smtp_pass" },
  }),
  emailFrom: option({
    value: "<address>",
    schema: MailAddress,
    help: "Sender of mails; needed with --smtp-host.",
    names: { env: "EMAIL_FROM", toml: "mail.from" },
  }),
  emailFromName: option({
    value: "<name>",
    schema: Text,
    default: "Warren chat",
    help: "What mail programs show for it.",
    names: { env: "EMAIL_FROM_NAME", toml: "mail.from_name" },
  }),
  emailReplyTo: option({
    value: "<address>",
    schema: MailAddress,
    help: "Where answers to mails go, if elsewhere.",
    names: { env: "EMAIL_REPLY_TO", toml: "mail.reply_to" },
  }),
  smsAccountSid: option({
    value: "<sid>",
    schema: Text,
    help: "Account at Twilio; without one short messages become files.",
    names: { env: "SMS_ACCOUNT_SID", toml: "sms.accountSID" },
  }),
  smsAuthToken: secretOption({
    help: "Its token.",
    names: { env: "SMS_AUTH_TOKEN", toml: "sms.auth_token" },
  }),
  smsFromNumber: option({
    value: "<number>",
    schema: Text,
    help: "Sender of short messages: a number of the account, or a sender's name that it may use.",
    names: { env: "SMS_FROM_NUMBER", toml: "sms.fromNumber" },
  }),
};
export type NotifyOptions = typeof notifyOptions;
