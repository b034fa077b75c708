import { BREAKERS, randomId, type Clock, type Log, type Metrics } from "@warren/host";
import type { Guards } from "../guards.ts";
import type { Limits } from "../connections/ports.ts";
import { alertLimit } from "./alert-limit.ts";
import { Alerts } from "./alerts.ts";
import type { ComposeDeps } from "./composed.ts";
import { AlertEvents } from "./events.ts";
import type { NotifyConfig } from "./notify-config.ts";
import { openOutbox, type Outbox } from "./outbox.ts";
import type { Mailer, Texter } from "./ports.ts";
import { classifySmtp, smtpMailer } from "./smtp-mailer.ts";
import { classifyTwilio, twilioTexter } from "./twilio-texter.ts";

export interface OpenAlertsDeps {
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  random: () => number;
  log: Log;
  metrics: Metrics;
  guards: Guards;
  limits: Limits;
}

/** Messages under way, and how long one that may yet be taken is tried for. */
const MOST_WAITING = 1_000;
const PATIENCE_MS = 900_000;
/** Files of the outbox. */
const MOST_FILES = 1_000;

export interface OpenedAlerts extends AsyncDisposable {
  readonly alerts: Alerts;
}

/** Alerts through the carriers that are set, and as files where none is. Throws a FolderError. */
export function openAlerts(config: NotifyConfig, deps: OpenAlertsDeps): OpenedAlerts {
  const { clock, random, log, metrics, guards, wallClock: wallNow } = deps;
  const compose: ComposeDeps = { wallNow, newId: () => randomId(12) };
  let outbox: Outbox | undefined;
  const files = () =>
    (outbox ??= openOutbox(
      { folder: config.outbox, most: MOST_FILES, head: config.letterhead },
      compose,
    ));
  const { emails, phones, adminPanelUrl, smtp, sms, letterhead } = config;
  const routes = smtp.map((engine, at) => ({
    engine,
    guard: guards(at === 0 ? "smtp" : `smtp_${at + 1}`, BREAKERS.other, classifySmtp),
  }));
  const server = smtp.length > 0 ? smtpMailer(routes, letterhead, compose) : undefined;
  const mailer: Mailer = server ?? files().mailer;
  const texter: Texter =
    sms === undefined
      ? files().texter
      : twilioTexter(sms, { guard: guards("twilio", BREAKERS.other, classifyTwilio), wallNow });
  const alerts = new Alerts(
    { emails, phones, adminPanelUrl, mostWaiting: MOST_WAITING, patienceMs: PATIENCE_MS },
    {
      mailer,
      texter,
      limit: alertLimit(deps.limits),
      clock,
      random,
      events: new AlertEvents(log, metrics),
    },
  );
  return {
    alerts,
    async [Symbol.asyncDispose]() {
      await alerts[Symbol.asyncDispose]();
      server?.[Symbol.dispose]();
    },
  };
}
