/** What admins are alerted of. Times are epoch milliseconds. */
export type Alert =
  | { event: "help_request"; userId: string; sessionId: string; atMs: number }
  | {
      event: "critical_error";
      /** Few of them: `store_unreachable`, `llm_failure`. */
      type: string;
      details: string;
      affectedUsers: number;
      atMs: number;
    }
  | {
      event: "system_alert";
      subject: string;
      details: string;
      affectedUsers: number;
      atMs: number;
    };

export type AlertEvent = Alert["event"];
export type Channel = "mail" | "sms";

/** Which event goes where. */
export const CHANNELS: Readonly<Record<AlertEvent, readonly Channel[]>> = {
  help_request: ["mail", "sms"],
  critical_error: ["mail", "sms"],
  system_alert: ["mail"],
};

/** Alerts of one key are limited together. */
export function limitKey(alert: Alert): string {
  if (alert.event === "help_request") return `help_request:${alert.sessionId}`;
  if (alert.event === "critical_error") return `critical_error:${alert.type}`;
  return `system_alert:${alert.subject}`;
}
